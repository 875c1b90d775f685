UPDATE session_participants SET team = $3, role = $4 WHERE session_id = $1 AND user_id = $2
