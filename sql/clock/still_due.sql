SELECT s.id
FROM sessions s
JOIN session_queue q ON q.session_id = s.id AND q.user_id = $2 AND q.rejected_by IS NULL
WHERE s.id = $1 AND s.status IN ('OPEN', 'CLOSED') AND s.scheduled_time = $3
