DELETE FROM session_pairs WHERE session_id = $1 AND one_id = $2 AND other_id = $3
