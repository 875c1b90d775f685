SELECT count(*) AS here, count(CASE WHEN creator_id = $2 THEN 1 END) AS yours
FROM sessions
WHERE guild_id = $1 AND status IN ('OPEN', 'CLOSED', 'STARTED')
