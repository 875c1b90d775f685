DELETE FROM refusals WHERE session_id = $1
