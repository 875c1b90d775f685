DELETE FROM left_taken_back WHERE session_id = $1 AND user_id = $2 RETURNING role
