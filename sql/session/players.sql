SELECT user_id FROM session_participants WHERE session_id = $1 AND user_id IS NOT NULL ORDER BY id
