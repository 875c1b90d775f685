-- Every session that is over whose posted card still shows the person's name.
SELECT id
FROM sessions
WHERE status IN ('COMPLETED', 'CANCELLED')
  AND message_id IS NOT NULL
  AND (
      creator_id = $1
      OR id IN (SELECT session_id FROM session_co_organisers WHERE user_id = $1)
      OR id IN (SELECT session_id FROM session_queue WHERE user_id = $1)
      OR id IN (SELECT session_id FROM session_participants WHERE user_id = $1)
  )
ORDER BY scheduled_time DESC
