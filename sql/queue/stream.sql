UPDATE session_queue SET is_streaming = $3 WHERE session_id = $1 AND user_id = $2
