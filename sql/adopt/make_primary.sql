UPDATE user_accounts SET is_primary = 1
WHERE id IN (
    SELECT min(id) FROM user_accounts GROUP BY discord_id HAVING max(is_primary) = 0
)
