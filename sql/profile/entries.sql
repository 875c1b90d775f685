SELECT q.session_id, s.guild_id, s.title, s.scheduled_time, s.status, q.preferred_roles,
       q.is_streaming, q.note, q.nick, q.rejected_by, q.joined_at,
       CASE WHEN q.checked_in_for = s.scheduled_time THEN 1 ELSE 0 END AS checked_in,
       o.role AS offered_role, o.state AS offered_state, o.offered_at, o.until AS offered_until
FROM session_queue q
JOIN sessions s ON s.id = q.session_id
LEFT JOIN place_offers o ON o.queue_id = q.id
WHERE q.user_id = $1
ORDER BY q.joined_at, q.id
