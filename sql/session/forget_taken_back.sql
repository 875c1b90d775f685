DELETE FROM left_taken_back WHERE session_id = $1
