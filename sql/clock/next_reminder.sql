SELECT min(remind_at) AS due
FROM sessions
WHERE status IN ('OPEN', 'CLOSED') AND remind_at IS NOT NULL AND scheduled_time > $1
