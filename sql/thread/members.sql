SELECT user_id FROM session_thread_members WHERE session_id = $1 ORDER BY user_id
