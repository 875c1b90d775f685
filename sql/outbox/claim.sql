UPDATE outbox
SET claimed_by = $2
WHERE id IN (SELECT value FROM json_each($1)) AND claimed_by IS NULL
RETURNING id, kind, key, payload, attempts, generation
