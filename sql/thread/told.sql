SELECT told FROM session_threads WHERE session_id = $1
