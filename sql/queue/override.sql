UPDATE session_participants SET overridden = 1 WHERE session_id = $1 AND user_id = $2
