SELECT discord_id, username, preferred_roles, timezone, reminder_minutes, created_at
FROM users
WHERE discord_id = $1
