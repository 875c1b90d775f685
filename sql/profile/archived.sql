SELECT h.session_id, h.guild_id, h.scheduled_time, h.status, p.role, p.ladder, p.tier, p.division,
       p.team
FROM session_history_players p
JOIN session_history h ON h.session_id = p.session_id
WHERE p.user_id = $1
UNION ALL
SELECT session_id, guild_id, scheduled_time, status, 'organiser' AS role, NULL, NULL, NULL, NULL
FROM session_history
WHERE organiser_id = $1
ORDER BY 1
