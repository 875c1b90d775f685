UPDATE sessions SET status = 'COMPLETED'
WHERE status IN ('OPEN', 'CLOSED', 'STARTED') AND scheduled_time + length_minutes * 60 <= ?1
