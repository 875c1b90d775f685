-- When somebody made a session in a server, the latest but $4, if that was after $3. Whoever is not known since
-- before $3 may have deleted their profile: what was made by people who did so counts for them.
SELECT created_at
FROM (
    SELECT created_at
    FROM sessions
    WHERE guild_id = $1 AND creator_id = $2 AND created_at > $3
    UNION ALL
    SELECT created_at
    FROM sessions
    WHERE guild_id = $1 AND creator_id IS NULL AND created_at > $3
      AND NOT EXISTS (SELECT 1 FROM users WHERE discord_id = $2 AND created_at <= $3)
) AS made
ORDER BY created_at DESC
LIMIT 1 OFFSET $4
