UPDATE session_threads SET state = 'refused' WHERE session_id = $1
