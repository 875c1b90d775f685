UPDATE users SET reminder_minutes = $2 WHERE discord_id = $1
