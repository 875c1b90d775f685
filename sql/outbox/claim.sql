UPDATE outbox
SET claimed_by = $2
WHERE id IN (
    SELECT id FROM outbox WHERE due_at <= $1 AND claimed_by IS NULL ORDER BY due_at, id LIMIT $3
)
RETURNING id, kind, key, payload, attempts, generation
