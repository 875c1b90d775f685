DELETE FROM session_log
WHERE id IN (SELECT id FROM session_log WHERE session_id = $1 ORDER BY id LIMIT $2)
