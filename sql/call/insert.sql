INSERT INTO session_calls (session_id, channel_id, created_at) VALUES ($1, $2, $3) RETURNING id
