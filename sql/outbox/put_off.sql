UPDATE outbox
SET due_at = CASE WHEN created_at + CAST($4 AS BIGINT) < $3 THEN created_at + CAST($4 AS BIGINT) ELSE $3 END
WHERE kind = $1 AND key = $2
