SELECT session_id, scheduled_time FROM reminders WHERE user_id = $1 ORDER BY scheduled_time, session_id
