-- Sessions of which somebody may have to be reminded now.
SELECT id
FROM sessions
WHERE status IN ('OPEN', 'CLOSED') AND remind_at IS NOT NULL AND remind_at <= $1 AND scheduled_time > $1
ORDER BY remind_at
LIMIT $2
