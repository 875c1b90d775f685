INSERT INTO session_participants (id, session_id, user_id, account_id, role, selected_by, selected_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (session_id, user_id) DO NOTHING
