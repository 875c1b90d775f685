SELECT c.session_id, c.user_id
FROM sessions s
JOIN session_co_organisers c ON c.session_id = s.id
WHERE s.guild_id = $1 AND s.status IN ('COMPLETED', 'CANCELLED')
ORDER BY c.added_at, c.user_id
