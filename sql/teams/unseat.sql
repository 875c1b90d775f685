UPDATE session_participants SET team = NULL WHERE session_id = $1
