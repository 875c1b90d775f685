SELECT session_id FROM session_thread_members WHERE user_id = $1 ORDER BY session_id
