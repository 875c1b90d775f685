UPDATE session_events SET state = 'refused' WHERE session_id = $1
