SELECT thread_id FROM session_threads WHERE session_id = $1 AND state = 'open'
