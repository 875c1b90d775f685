DELETE FROM session_participants WHERE session_id = $1 AND user_id IS NULL
