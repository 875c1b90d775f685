UPDATE users SET preferred_roles = $2 WHERE discord_id = $1
