-- What was owed anew or woken meanwhile is due at $4 at the latest.
UPDATE outbox
SET due_at = CASE WHEN generation > $2 AND CAST($3 AS BIGINT) > $4 THEN $4 ELSE CAST($3 AS BIGINT) END,
    attempts = CASE WHEN attempts = 0 THEN 1 ELSE attempts END
WHERE id = $1
