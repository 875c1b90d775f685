SELECT session_id FROM left_taken_back WHERE user_id = $1 ORDER BY session_id
