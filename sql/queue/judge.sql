UPDATE session_queue SET rejected_by = $3 WHERE session_id = $1 AND user_id = $2
