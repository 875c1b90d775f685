SELECT action, done_at
FROM session_log
WHERE session_id = $1 AND action LIKE $2
ORDER BY id DESC
LIMIT 1
