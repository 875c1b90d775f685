INSERT INTO user_accounts (discord_id, account_name, account_key, is_primary, created_at)
VALUES ($1, $2, $3, $4, $5)
RETURNING id
