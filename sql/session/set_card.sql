UPDATE sessions SET message_id = $2 WHERE id = $1 AND channel_id = $3
