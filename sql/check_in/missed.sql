INSERT INTO no_shows (user_id, session_id, guild_id, role, scheduled_time)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id, session_id) DO NOTHING
