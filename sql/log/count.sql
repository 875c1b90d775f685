SELECT count(*) AS records FROM session_log WHERE session_id = $1
