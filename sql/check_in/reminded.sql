INSERT INTO reminders (session_id, user_id, scheduled_time) VALUES ($1, $2, $3)
ON CONFLICT (session_id, user_id, scheduled_time) DO NOTHING
