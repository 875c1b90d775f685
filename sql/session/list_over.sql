SELECT s.id, s.creator_id, s.guild_id, s.channel_id, s.message_id, s.game_mode, s.teams, s.title,
       s.description, s.scheduled_time, s.length_minutes, s.timezone, s.lowest_tier,
       s.highest_tier, s.max_rank_diff, s.admission, s.check_in_minutes, s.status, s.cancel_reason, s.created_at,
       (SELECT count(*) FROM session_participants p WHERE p.session_id = s.id) AS accepted,
       0 AS waiting
FROM sessions s
WHERE s.guild_id = $1 AND s.status IN ('COMPLETED', 'CANCELLED')
ORDER BY s.scheduled_time DESC, s.id DESC
LIMIT $2
