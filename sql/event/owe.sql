INSERT INTO outbox (kind, key, payload, due_at, created_at)
SELECT 'event', CAST(session_id AS TEXT), '{}', CAST($2 AS BIGINT), CAST($2 AS BIGINT)
FROM session_events
WHERE session_id = $1
  AND (state IN ('none', 'scheduled', 'active') OR (state = 'over' AND event_id IS NULL AND wanted = 1))
ON CONFLICT (kind, key) DO UPDATE
SET due_at = CASE WHEN excluded.due_at < outbox.due_at THEN excluded.due_at ELSE outbox.due_at END,
    generation = outbox.generation + 1
