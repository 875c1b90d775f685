SELECT p.message_id, p.channel_id, p.in_thread, p.session_id, s.title
FROM session_prompts p
JOIN sessions s ON s.id = p.session_id
WHERE p.user_id = $1
ORDER BY p.message_id
