SELECT min(o.until) AS due
FROM place_offers o
JOIN session_queue q ON q.id = o.queue_id
JOIN sessions s ON s.id = q.session_id AND s.status IN ('OPEN', 'CLOSED', 'STARTED')
WHERE o.state = 'open'
