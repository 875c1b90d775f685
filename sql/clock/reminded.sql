INSERT INTO reminders (session_id, user_id, scheduled_time) VALUES ($1, $2, $3)
