INSERT INTO session_queue (id, session_id, user_id, preferred_roles, is_streaming, note, joined_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (session_id, user_id) DO NOTHING
