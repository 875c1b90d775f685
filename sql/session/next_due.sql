SELECT min(due) AS due
FROM (
    SELECT min(scheduled_time) AS due FROM sessions WHERE status IN ('OPEN', 'CLOSED')
    UNION ALL
    SELECT min(scheduled_time + length_minutes * 60) AS due FROM sessions WHERE status = 'STARTED'
) AS turns
