INSERT INTO left_taken_back (session_id, user_id, role)
SELECT q.session_id, q.user_id, o.role
FROM session_queue q
JOIN place_offers o ON o.queue_id = q.id AND o.state = 'taken_back'
WHERE q.session_id = $1 AND q.user_id = $2
ON CONFLICT (session_id, user_id) DO UPDATE SET role = excluded.role
