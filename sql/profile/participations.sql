SELECT p.session_id, s.guild_id, s.title, s.scheduled_time, s.status, p.role, p.account_id, p.selected_at,
       p.team, p.overridden
FROM session_participants p
JOIN sessions s ON s.id = p.session_id
WHERE p.user_id = $1
ORDER BY p.selected_at, p.id
