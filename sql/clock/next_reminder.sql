SELECT min(s.scheduled_time - u.reminder_minutes * 60) AS due
FROM sessions s
JOIN session_queue q ON q.session_id = s.id AND q.rejected_by IS NULL
JOIN users u ON u.discord_id = q.user_id
WHERE s.status IN ('OPEN', 'CLOSED')
  AND s.scheduled_time - u.reminder_minutes * 60 > $1
