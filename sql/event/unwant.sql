UPDATE session_events SET wanted = 0 WHERE session_id = $1 AND wanted = 1
