SELECT s.id AS session_id, s.guild_id, s.title, s.scheduled_time, s.status
FROM session_co_organisers c
JOIN sessions s ON s.id = c.session_id
WHERE c.user_id = $1
ORDER BY s.scheduled_time, s.id
