-- Sessions that are on in which the person has a place, or is asked for one.
SELECT p.session_id, 0 AS asked
FROM session_participants p
JOIN sessions s ON s.id = p.session_id AND s.status IN ('OPEN', 'CLOSED', 'STARTED')
WHERE p.user_id = $1
UNION ALL
SELECT q.session_id, 1 AS asked
FROM session_queue q
JOIN sessions s ON s.id = q.session_id AND s.status IN ('OPEN', 'CLOSED', 'STARTED')
JOIN place_offers o ON o.queue_id = q.id AND o.state = 'open'
WHERE q.user_id = $1
