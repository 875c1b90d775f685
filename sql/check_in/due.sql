-- Sessions whose check-in is to be opened: its time has come, and their start has not.
SELECT id
FROM sessions
WHERE status IN ('OPEN', 'CLOSED')
  AND check_in_minutes > 0
  AND (check_in_opened_for IS NULL OR check_in_opened_for <> scheduled_time)
  AND scheduled_time - check_in_minutes * 60 <= $1
  AND scheduled_time > $1
ORDER BY scheduled_time - check_in_minutes * 60
LIMIT $2
