SELECT max(created_at) AS last FROM receipts
