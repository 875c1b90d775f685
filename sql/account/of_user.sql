SELECT id, account_name, is_primary, created_at
FROM user_accounts
WHERE discord_id = $1
ORDER BY is_primary DESC, id
