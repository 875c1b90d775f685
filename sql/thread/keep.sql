UPDATE session_threads SET state = $2, thread_id = $3, name = $4, told = '[]' WHERE session_id = $1
