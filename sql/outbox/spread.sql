-- Of the listed rows, $3 more are due with each second from $2 on.
UPDATE outbox
SET due_at = $2 + CAST(listed.key AS INTEGER) / $3
FROM json_each($1) listed
WHERE outbox.id = listed.value AND outbox.claimed_by IS NULL
