SELECT id FROM user_accounts WHERE discord_id = ?1 AND is_primary = 1
