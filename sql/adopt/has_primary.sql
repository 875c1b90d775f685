SELECT 1 FROM user_accounts WHERE discord_id = ?1 AND is_primary = 1
