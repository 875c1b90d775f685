SELECT s.id, s.guild_id, p.user_id, p.id AS place
FROM sessions s
JOIN session_participants p ON p.session_id = s.id
WHERE s.status IN ('OPEN', 'CLOSED') AND s.scheduled_time <= $1 AND p.user_id IS NOT NULL
  AND p.id > $2
ORDER BY p.id
LIMIT $3
