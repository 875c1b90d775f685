DELETE FROM session_co_organisers WHERE session_id = $1 AND user_id = $2
