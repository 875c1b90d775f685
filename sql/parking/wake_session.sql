UPDATE outbox
SET due_at = CASE WHEN due_at < $2 THEN due_at ELSE $2 END,
    generation = generation + 1
WHERE kind IN ('card', 'thread', 'event') AND key = $1
