SELECT session_id, kind, deadline, in_thread, channel_id, message_id
FROM session_prompts
WHERE user_id = $1
ORDER BY message_id
