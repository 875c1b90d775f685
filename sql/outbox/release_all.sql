UPDATE outbox SET claimed_by = NULL WHERE claimed_by = $1
