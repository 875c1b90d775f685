SELECT l.session_id, l.done_at, l.actor_id, l.capacity, l.action, l.subject_id, l.other_id, l.reason, l.overridden
FROM session_log l
WHERE l.actor_id = $1 OR l.subject_id = $1 OR l.other_id = $1
ORDER BY l.id
