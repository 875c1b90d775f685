SELECT q.session_id
FROM place_offers o
JOIN session_queue q ON q.id = o.queue_id
JOIN sessions s ON s.id = q.session_id AND s.status IN ('OPEN', 'CLOSED', 'STARTED')
WHERE o.state = 'open' AND o.until <= $1
GROUP BY q.session_id
ORDER BY q.session_id
LIMIT $2
