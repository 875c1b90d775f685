SELECT payload FROM outbox WHERE kind = $1 AND key = $2 AND due_at > $3 AND attempts = 0
