SELECT min(due_at) AS due FROM outbox WHERE due_at > $1
