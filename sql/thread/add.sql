INSERT INTO session_thread_members (session_id, user_id) VALUES ($1, $2) ON CONFLICT (session_id, user_id) DO NOTHING
