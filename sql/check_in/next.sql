SELECT min(scheduled_time - check_in_minutes * 60) AS due
FROM sessions
WHERE status IN ('OPEN', 'CLOSED')
  AND check_in_minutes > 0
  AND (check_in_opened_for IS NULL OR check_in_opened_for <> scheduled_time)
  AND scheduled_time > $1
