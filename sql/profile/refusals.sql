SELECT session_id FROM refusals WHERE user_id = $1 ORDER BY session_id
