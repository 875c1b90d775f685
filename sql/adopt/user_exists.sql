SELECT 1 FROM users WHERE discord_id = ?1
