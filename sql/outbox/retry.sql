UPDATE outbox SET due_at = $2, attempts = attempts + 1, claimed_by = NULL WHERE id = $1
