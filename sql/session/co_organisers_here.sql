SELECT c.session_id, c.user_id
FROM session_co_organisers c
JOIN sessions s ON s.id = c.session_id
WHERE s.guild_id = $1
ORDER BY c.added_at, c.user_id
