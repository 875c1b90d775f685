SELECT id FROM outbox WHERE id = $1 AND claimed_by IS NOT DISTINCT FROM $2
