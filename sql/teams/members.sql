SELECT user_id, team
FROM session_participants
WHERE session_id = $1 AND user_id IS NOT NULL AND team IS NOT NULL
ORDER BY id
