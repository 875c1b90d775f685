SELECT id AS session_id, creator_id AS organiser_id, game_mode, teams, scheduled_time, length_minutes, status,
       title, 0 AS archived
FROM sessions
WHERE guild_id = $1 AND id > $2
UNION ALL
SELECT session_id, organiser_id, game_mode, teams, scheduled_time, length_minutes, status,
       NULL AS title, 1 AS archived
FROM session_history
WHERE guild_id = $1 AND session_id > $2
ORDER BY 1
LIMIT $3
