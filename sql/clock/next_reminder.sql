SELECT min(s.scheduled_time - u.reminder_minutes * 60) AS due
FROM sessions s
JOIN session_queue q ON q.session_id = s.id AND q.rejected_by IS NULL
JOIN users u ON u.discord_id = q.user_id
LEFT JOIN reminders r
    ON r.session_id = s.id AND r.user_id = q.user_id AND r.scheduled_time = s.scheduled_time
WHERE s.status IN ('OPEN', 'CLOSED')
  AND s.scheduled_time > $1
  AND s.scheduled_time <= $2
  AND s.scheduled_time - u.reminder_minutes * 60 > q.joined_at
  AND r.session_id IS NULL
