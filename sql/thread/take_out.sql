DELETE FROM session_thread_members WHERE session_id = $1 AND user_id = $2
