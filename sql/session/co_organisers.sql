SELECT user_id FROM session_co_organisers WHERE session_id = $1 ORDER BY added_at, user_id
