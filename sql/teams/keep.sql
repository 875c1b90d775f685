INSERT INTO session_teams (session_id, published, blue_captain, red_captain)
VALUES ($1, $2, $3, $4)
ON CONFLICT (session_id) DO UPDATE
SET published = excluded.published, blue_captain = excluded.blue_captain, red_captain = excluded.red_captain
