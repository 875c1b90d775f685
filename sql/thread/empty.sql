DELETE FROM session_thread_members WHERE session_id = $1
