UPDATE session_threads SET wanted = 0 WHERE session_id = $1 AND wanted = 1 AND state = 'none'
