DELETE FROM receipts WHERE interaction_id = $1 AND command = $2
