UPDATE outbox SET attempts = 0 WHERE id = $1
