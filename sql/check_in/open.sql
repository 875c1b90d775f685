UPDATE sessions SET check_in_opened_for = scheduled_time WHERE id = $1
