SELECT r.account_id, r.ladder, r.tier, r.division, r.declared_at
FROM account_ranks r
JOIN user_accounts a ON a.id = r.account_id
WHERE a.discord_id = $1
