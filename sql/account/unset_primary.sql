UPDATE user_accounts SET is_primary = 0 WHERE discord_id = $1 AND is_primary = 1
