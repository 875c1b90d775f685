SELECT session_id FROM refusals WHERE session_id = $1 AND user_id = $2
