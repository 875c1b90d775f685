SELECT id
FROM sessions
WHERE guild_id = $1 AND creator_id = $2 AND scheduled_time = $3 AND created_at > $4
  AND status IN ('OPEN', 'CLOSED', 'STARTED')
ORDER BY id
