UPDATE session_queue SET is_streaming = 1 WHERE session_id = ?1 AND user_id = ?2
