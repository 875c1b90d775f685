SELECT user_id FROM session_queue WHERE session_id = $1 AND rejected_by IS NULL ORDER BY id
