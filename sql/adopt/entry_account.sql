INSERT INTO session_queue_accounts (queue_id, account_id) VALUES (?1, ?2)
ON CONFLICT (queue_id, account_id) DO NOTHING
