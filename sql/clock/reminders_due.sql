SELECT q.user_id
FROM sessions s
JOIN session_queue q ON q.session_id = s.id AND q.rejected_by IS NULL
JOIN users u ON u.discord_id = q.user_id
LEFT JOIN reminders r
    ON r.session_id = s.id AND r.user_id = q.user_id AND r.scheduled_time = s.scheduled_time
WHERE s.id = $1
  AND s.scheduled_time - u.reminder_minutes * 60 <= $2
  AND s.scheduled_time - u.reminder_minutes * 60 > q.joined_at
  AND r.session_id IS NULL
ORDER BY q.id
LIMIT $3
