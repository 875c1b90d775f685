SELECT s.id, s.game_mode,
       (SELECT count(*) FROM session_queue q WHERE q.session_id = s.id)
     + (SELECT count(*) FROM session_log l WHERE l.session_id = s.id) AS entries
FROM sessions s
WHERE s.status IN ('COMPLETED', 'CANCELLED')
  AND s.scheduled_time < $1 AND s.scheduled_time + s.length_minutes * 60 <= $1
ORDER BY s.scheduled_time
LIMIT 1
