SELECT id
FROM sessions
WHERE status IN ('OPEN', 'CLOSED', 'STARTED')
  AND CASE status WHEN 'STARTED' THEN scheduled_time + length_minutes * 60 ELSE scheduled_time END <= $1
ORDER BY scheduled_time
LIMIT $2
