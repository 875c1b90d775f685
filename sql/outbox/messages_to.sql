SELECT payload FROM outbox WHERE kind = 'direct_message' AND key LIKE '%:' || $1 || ':%' ORDER BY id
