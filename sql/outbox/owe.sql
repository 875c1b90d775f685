-- What fails at present is due again $6 seconds later at the latest, but not at once; of its tries,
-- $7 at most are still counted. What is parked is tried at its own time, and where people are active.
INSERT INTO outbox (kind, key, payload, due_at, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, key) DO UPDATE
SET payload = excluded.payload,
    due_at = CASE
        WHEN EXISTS (SELECT 1 FROM parked_deliveries WHERE outbox_id = outbox.id) THEN outbox.due_at
        WHEN outbox.due_at <= excluded.due_at THEN outbox.due_at
        WHEN outbox.attempts = 0 THEN excluded.due_at
        WHEN outbox.due_at <= excluded.due_at + $6 THEN outbox.due_at
        ELSE excluded.due_at + $6
    END,
    attempts = CASE WHEN outbox.attempts > $7 THEN $7 ELSE outbox.attempts END,
    generation = outbox.generation + 1
