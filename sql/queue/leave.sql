DELETE FROM session_queue WHERE session_id = $1 AND user_id = $2
