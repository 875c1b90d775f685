DELETE FROM outbox WHERE kind = 'direct_message' AND key LIKE '%:' || $1 || ':%'
