-- Of the listed rows, $3 more are due with each second from $2 on.
UPDATE outbox
SET due_at = $2 + (listed.place - 1) / $3
FROM json_array_elements_text(CAST($1 AS JSON)) WITH ORDINALITY listed (id, place)
WHERE outbox.id = CAST(listed.id AS BIGINT) AND outbox.claimed_by IS NULL
