UPDATE sessions SET scheduled_time = $2 WHERE id = $1
