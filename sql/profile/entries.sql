SELECT q.session_id, s.guild_id, s.title, s.scheduled_time, s.status, q.preferred_roles,
       q.is_streaming, q.note, q.rejected_by, q.joined_at
FROM session_queue q
JOIN sessions s ON s.id = q.session_id
WHERE q.user_id = $1
ORDER BY q.joined_at, q.id
