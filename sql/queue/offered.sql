SELECT qa.account_id
FROM session_queue q
JOIN session_queue_accounts qa ON qa.queue_id = q.id
WHERE q.session_id = $1 AND q.user_id = $2
