DELETE FROM session_queue_accounts WHERE queue_id = $1
