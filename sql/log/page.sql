SELECT done_at, actor_id, capacity, action, subject_id, other_id, reason, overridden
FROM session_log
WHERE session_id = $1
ORDER BY id DESC
LIMIT $2 OFFSET $3
