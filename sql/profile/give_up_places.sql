DELETE FROM session_participants
WHERE user_id = $1
  AND session_id IN (SELECT id FROM sessions WHERE status IN ('OPEN', 'CLOSED', 'STARTED'))
