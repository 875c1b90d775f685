-- When somebody made a session in a server, the latest but $4, if that was after $3.
SELECT created_at
FROM sessions
WHERE guild_id = $1 AND creator_id = $2 AND created_at > $3
ORDER BY created_at DESC
LIMIT 1 OFFSET $4
