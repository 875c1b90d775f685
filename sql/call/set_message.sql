UPDATE session_calls SET message_id = $2 WHERE id = $1
