INSERT INTO session_history
    (session_id, guild_id, organiser_id, game_mode, teams, scheduled_time, length_minutes, status)
SELECT id, guild_id, creator_id, game_mode, teams, scheduled_time, length_minutes, status
FROM sessions
WHERE id = $1
