UPDATE outbox SET due_at = $2, attempts = attempts + 1 WHERE id = $1
