-- What was owed anew meanwhile stays due.
UPDATE outbox SET due_at = $3 WHERE id = $1 AND generation = $2
