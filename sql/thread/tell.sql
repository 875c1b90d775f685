UPDATE session_threads SET told = $2 WHERE session_id = $1
