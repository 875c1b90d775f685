SELECT q.id, q.user_id, u.username, q.preferred_roles, q.is_streaming, q.note, q.rejected_by,
       q.joined_at, p.role, p.account_id, p.selected_at, p.overridden
FROM session_queue q
JOIN users u ON u.discord_id = q.user_id
LEFT JOIN session_participants p ON p.session_id = q.session_id AND p.user_id = q.user_id
WHERE q.session_id = $1 AND q.user_id = $2
