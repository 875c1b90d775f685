-- Every session that is on whose card shows something of the person.
SELECT s.id
FROM session_queue q
JOIN sessions s ON s.id = q.session_id AND s.status IN ('OPEN', 'CLOSED', 'STARTED')
WHERE q.user_id = $1
UNION
SELECT s.id
FROM session_participants p
JOIN sessions s ON s.id = p.session_id AND s.status IN ('OPEN', 'CLOSED', 'STARTED')
WHERE p.user_id = $1
UNION
SELECT s.id
FROM session_co_organisers c
JOIN sessions s ON s.id = c.session_id AND s.status IN ('OPEN', 'CLOSED', 'STARTED')
WHERE c.user_id = $1
UNION
SELECT id FROM sessions WHERE creator_id = $1 AND status IN ('OPEN', 'CLOSED', 'STARTED')
