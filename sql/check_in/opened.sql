SELECT id FROM sessions WHERE id = $1 AND check_in_opened_for = scheduled_time
