UPDATE sessions SET channel_id = $2, message_id = NULL WHERE id = $1
