INSERT INTO place_offers (queue_id, role, offered_at, until, state)
VALUES ((SELECT id FROM session_queue WHERE session_id = $1 AND user_id = $2), $3, $4, $5, $6)
ON CONFLICT (queue_id) DO UPDATE
SET role = excluded.role, offered_at = excluded.offered_at, until = excluded.until,
    state = excluded.state
