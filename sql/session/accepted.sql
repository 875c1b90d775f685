SELECT count(*) AS accepted FROM session_participants WHERE session_id = $1
