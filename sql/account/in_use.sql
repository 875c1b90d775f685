-- The next session that is on in which a place is held on the account, or nothing else is offered.
SELECT s.title, s.scheduled_time
FROM sessions s
WHERE s.status IN ('OPEN', 'CLOSED', 'STARTED')
  AND (
      s.id IN (SELECT p.session_id FROM session_participants p WHERE p.account_id = $1)
      OR s.id IN (
          SELECT q.session_id
          FROM session_queue_accounts qa
          JOIN session_queue q ON q.id = qa.queue_id AND q.rejected_by IS NULL
          WHERE qa.account_id = $1
            AND NOT EXISTS (
                SELECT 1 FROM session_queue_accounts other
                WHERE other.queue_id = q.id AND other.account_id <> $1
            )
      )
  )
ORDER BY s.scheduled_time
LIMIT 1
