UPDATE session_queue SET checked_in_for = $3 WHERE session_id = $1 AND user_id = $2
