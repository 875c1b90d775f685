SELECT id, session_id, channel_id, message_id
FROM session_calls
WHERE id = $1
