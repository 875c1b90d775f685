SELECT p.message_id, p.channel_id, s.title
FROM session_prompts p
JOIN sessions s ON s.id = p.session_id
WHERE p.user_id = $1
ORDER BY p.message_id
