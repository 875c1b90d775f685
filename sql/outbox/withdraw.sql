DELETE FROM outbox WHERE kind = $1 AND key = $2
