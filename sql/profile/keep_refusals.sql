-- Of whoever was turned down no more than that, and only as long as they could join again.
INSERT INTO refusals (session_id, user_id)
SELECT q.session_id, q.user_id
FROM session_queue q
JOIN sessions s ON s.id = q.session_id
WHERE q.user_id = $1 AND q.rejected_by IS NOT NULL AND s.status <> 'COMPLETED'
ON CONFLICT (session_id, user_id) DO NOTHING
