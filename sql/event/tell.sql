UPDATE session_events SET told = $2 WHERE session_id = $1
