-- As history/forget_turned_down.
DELETE FROM left_taken_back
WHERE EXISTS (
    SELECT 1
    FROM sessions s
    WHERE s.id = left_taken_back.session_id AND s.status = 'CANCELLED'
      AND s.scheduled_time + s.length_minutes * 60 <= $1
)
