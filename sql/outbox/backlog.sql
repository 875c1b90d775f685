SELECT count(*) AS owed, min(due_at) AS first_due FROM outbox
