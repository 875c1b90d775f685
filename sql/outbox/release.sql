UPDATE outbox SET claimed_by = NULL WHERE id = $1 AND claimed_by = $2
