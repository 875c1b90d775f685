SELECT qa.account_id, r.ladder, r.tier, r.division, r.declared_at
FROM session_queue q
JOIN session_queue_accounts qa ON qa.queue_id = q.id
JOIN account_ranks r ON r.account_id = qa.account_id
WHERE q.session_id = $1
