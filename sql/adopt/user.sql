INSERT INTO users (discord_id, username, preferred_roles, timezone, reminder_minutes, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (discord_id) DO NOTHING
