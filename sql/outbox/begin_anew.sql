UPDATE outbox SET attempts = 0, due_at = CASE WHEN due_at < $2 THEN due_at ELSE $2 END WHERE id = $1
