-- Nobody is asked for a place in a session that is over.
UPDATE place_offers
SET state = 'silent'
WHERE state = 'open' AND queue_id IN (SELECT id FROM session_queue WHERE session_id = $1)
