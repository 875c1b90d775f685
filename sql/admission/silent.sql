SELECT q.user_id
FROM place_offers o
JOIN session_queue q ON q.id = o.queue_id
WHERE q.session_id = $1 AND o.state = 'open' AND o.until <= $2
ORDER BY q.id
