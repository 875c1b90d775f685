SELECT q.id, q.user_id, COALESCE(q.nick, u.username) AS username, q.preferred_roles, q.is_streaming, q.note, q.rejected_by,
       q.joined_at, p.role, p.account_id, p.selected_at, p.overridden,
       o.role AS asked_role, o.until AS asked_until, o.state AS asked_state,
       CASE WHEN q.checked_in_for = s.scheduled_time THEN 1 ELSE 0 END AS checked_in,
       CASE WHEN n.user_id IS NULL THEN 0 ELSE 1 END AS no_show,
       (SELECT count(*) FROM no_shows m WHERE m.user_id = q.user_id AND m.guild_id = s.guild_id) AS missed
FROM session_queue q
JOIN sessions s ON s.id = q.session_id
JOIN users u ON u.discord_id = q.user_id
LEFT JOIN session_participants p ON p.session_id = q.session_id AND p.user_id = q.user_id
LEFT JOIN place_offers o ON o.queue_id = q.id
LEFT JOIN no_shows n ON n.user_id = q.user_id AND n.session_id = q.session_id
WHERE q.session_id = $1
ORDER BY q.joined_at, q.id
