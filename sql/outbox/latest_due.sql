SELECT max(due_at) AS due FROM outbox
