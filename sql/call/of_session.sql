SELECT id, session_id, channel_id, message_id
FROM session_calls
WHERE session_id = $1
ORDER BY id
