SELECT wanted, state, thread_id, name FROM session_threads WHERE session_id = $1
