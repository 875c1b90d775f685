SELECT told FROM session_events WHERE session_id = $1
