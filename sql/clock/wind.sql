-- Works out anew when somebody is to be reminded of a session first.
UPDATE sessions
SET remind_at = first.due
FROM (
    SELECT min(s.scheduled_time - u.reminder_minutes * 60) AS due
    FROM sessions s
    JOIN session_queue q ON q.session_id = s.id AND q.rejected_by IS NULL
    JOIN users u ON u.discord_id = q.user_id
    LEFT JOIN reminders r
        ON r.session_id = s.id AND r.user_id = q.user_id AND r.scheduled_time = s.scheduled_time
    WHERE s.id = $1
      AND s.scheduled_time - u.reminder_minutes * 60 > q.joined_at
      AND r.session_id IS NULL
) AS first
WHERE id = $1 AND remind_at IS DISTINCT FROM first.due
