SELECT count(*) AS entries FROM session_queue WHERE session_id = $1
