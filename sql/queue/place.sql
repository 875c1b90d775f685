INSERT INTO session_participants (session_id, user_id, account_id, role, selected_by, selected_at)
VALUES ($1, $2, $3, $4, $5, $6)
