SELECT id FROM outbox WHERE claimed_by = $1 ORDER BY id
