UPDATE users SET timezone = $2 WHERE discord_id = $1
