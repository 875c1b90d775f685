DELETE FROM outbox WHERE id = $1 AND generation = $2
