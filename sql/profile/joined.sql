-- Sessions in which the person waits or has a place, besides those they organise that are ahead.
SELECT title, scheduled_time
FROM sessions
WHERE status IN ('OPEN', 'CLOSED', 'STARTED')
  AND (creator_id IS NULL OR creator_id <> $1 OR status = 'STARTED')
  AND (
      id IN (SELECT session_id FROM session_queue WHERE user_id = $1 AND rejected_by IS NULL)
      OR id IN (SELECT session_id FROM session_participants WHERE user_id = $1)
  )
ORDER BY scheduled_time, id
