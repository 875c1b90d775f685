UPDATE place_offers
SET until = $3
WHERE queue_id = (SELECT id FROM session_queue WHERE session_id = $1 AND user_id = $2)
