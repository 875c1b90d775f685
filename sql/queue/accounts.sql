SELECT q.user_id, a.id, a.account_name, a.is_primary, a.created_at
FROM session_queue q
JOIN session_queue_accounts qa ON qa.queue_id = q.id
JOIN user_accounts a ON a.id = qa.account_id
WHERE q.session_id = $1
ORDER BY a.is_primary DESC, a.id
