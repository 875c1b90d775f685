UPDATE session_participants SET role = $3, account_id = $4 WHERE session_id = $1 AND user_id = $2
