SELECT min(CASE status WHEN 'STARTED' THEN scheduled_time + length_minutes * 60 ELSE scheduled_time END) AS due
FROM sessions
WHERE status IN ('OPEN', 'CLOSED', 'STARTED')
