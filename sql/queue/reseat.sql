UPDATE session_participants
SET role = $3, account_id = $4, selected_by = $5, overridden = 0
WHERE session_id = $1 AND user_id = $2
