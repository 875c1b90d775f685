UPDATE outbox
SET claimed_by = $2
WHERE id IN (
    SELECT id
    FROM outbox
    WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST($1 AS JSON)))
      AND claimed_by IS NULL
    FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, key, payload, attempts, generation
