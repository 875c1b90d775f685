SELECT id, kind, key, payload, attempts, generation, created_at FROM outbox WHERE id = $1
