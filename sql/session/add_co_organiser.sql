INSERT INTO session_co_organisers (session_id, user_id, added_at) VALUES ($1, $2, $3)
