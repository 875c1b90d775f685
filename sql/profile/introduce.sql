UPDATE users
SET preferred_roles = CASE WHEN $2 = '[]' THEN preferred_roles ELSE $2 END,
    timezone = coalesce($3, timezone)
WHERE discord_id = $1
