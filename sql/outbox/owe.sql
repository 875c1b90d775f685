INSERT INTO outbox (kind, key, payload, due_at, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, key) DO UPDATE
SET payload = excluded.payload,
    due_at = CASE WHEN excluded.due_at < outbox.due_at THEN excluded.due_at ELSE outbox.due_at END,
    generation = outbox.generation + 1
