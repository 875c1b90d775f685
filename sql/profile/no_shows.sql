SELECT session_id, guild_id, role, scheduled_time
FROM no_shows
WHERE user_id = $1
ORDER BY scheduled_time, session_id
