INSERT INTO user_accounts (id, discord_id, account_name, account_key, is_primary, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (discord_id, account_key) DO NOTHING
