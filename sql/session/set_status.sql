UPDATE sessions SET status = $2, cancel_reason = $3 WHERE id = $1
