SELECT id, kind, key, payload, attempts, generation
FROM outbox
WHERE due_at <= $1 AND claimed_by IS NULL
ORDER BY due_at, id
LIMIT $2
