SELECT id
FROM (
    SELECT id, scheduled_time AS due
    FROM sessions
    WHERE status IN ('OPEN', 'CLOSED') AND scheduled_time <= $1
    UNION ALL
    SELECT id, scheduled_time + length_minutes * 60 AS due
    FROM sessions
    WHERE status = 'STARTED' AND scheduled_time + length_minutes * 60 <= $1
) AS turns
ORDER BY due
LIMIT $2
