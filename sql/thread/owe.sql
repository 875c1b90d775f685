-- What is owed already: as in outbox/owe.
INSERT INTO outbox (kind, key, payload, due_at, created_at)
SELECT 'thread', CAST(session_id AS TEXT), '{}', CAST($2 AS BIGINT), CAST($2 AS BIGINT)
FROM session_threads
WHERE session_id = $1 AND state IN ('none', 'open', 'closed')
ON CONFLICT (kind, key) DO UPDATE
SET due_at = CASE
        WHEN EXISTS (SELECT 1 FROM parked_deliveries WHERE outbox_id = outbox.id) THEN outbox.due_at
        WHEN outbox.due_at <= excluded.due_at THEN outbox.due_at
        WHEN outbox.attempts = 0 THEN excluded.due_at
        WHEN outbox.due_at <= excluded.due_at + $3 THEN outbox.due_at
        ELSE excluded.due_at + $3
    END,
    attempts = CASE WHEN outbox.attempts > $4 THEN $4 ELSE outbox.attempts END,
    generation = outbox.generation + 1
