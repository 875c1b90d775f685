SELECT q.session_id, qa.account_id
FROM session_queue q
JOIN session_queue_accounts qa ON qa.queue_id = q.id
WHERE q.user_id = $1
ORDER BY qa.account_id
