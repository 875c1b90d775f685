DELETE FROM session_participants
WHERE user_id = $1
  AND EXISTS (
      SELECT 1
      FROM sessions s
      WHERE s.id = session_participants.session_id AND s.status IN ('OPEN', 'CLOSED', 'STARTED')
  )
