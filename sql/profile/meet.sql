INSERT INTO users (discord_id, username, reminder_minutes, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (discord_id) DO UPDATE SET username = excluded.username
WHERE users.username <> excluded.username
