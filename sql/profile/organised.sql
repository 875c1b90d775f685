SELECT id, creator_id, guild_id, channel_id, message_id, game_mode, teams, title, description,
       scheduled_time, length_minutes, timezone, lowest_tier, highest_tier, max_rank_diff, admission,
       check_in_minutes,
       status, cancel_reason, created_at
FROM sessions
WHERE creator_id = $1
ORDER BY scheduled_time, id
