DELETE FROM session_queue
WHERE id IN (SELECT id FROM session_queue WHERE session_id = $1 ORDER BY id LIMIT $2)
