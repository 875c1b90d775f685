-- Of whose place was taken back no more than that, and only as long as they could join again.
INSERT INTO left_taken_back (session_id, user_id, role)
SELECT q.session_id, q.user_id, o.role
FROM session_queue q
JOIN sessions s ON s.id = q.session_id
JOIN place_offers o ON o.queue_id = q.id AND o.state = 'taken_back'
WHERE q.user_id = $1 AND s.status <> 'COMPLETED'
ON CONFLICT (session_id, user_id) DO NOTHING
