-- Those of a session that need no answer any more; a shortage is judged by who asks.
SELECT p.message_id, p.channel_id, p.in_thread, p.session_id, p.user_id, p.kind, p.deadline
FROM session_prompts p
JOIN sessions s ON s.id = p.session_id
LEFT JOIN session_queue q ON q.session_id = p.session_id AND q.user_id = p.user_id
WHERE p.session_id = $1
  AND NOT (
      p.kind = 'offer'
      AND EXISTS (
          SELECT 1
          FROM place_offers o
          WHERE o.queue_id = q.id AND o.state = 'open' AND o.until = p.deadline
      )
      OR p.kind = 'check_in'
      AND s.status IN ('OPEN', 'CLOSED')
      AND s.scheduled_time = p.deadline
      AND EXISTS (
          SELECT 1
          FROM session_participants a
          WHERE a.session_id = p.session_id AND a.user_id = p.user_id
      )
      AND COALESCE(q.checked_in_for, 0) <> s.scheduled_time
      OR p.kind = 'late'
      AND s.status = 'STARTED'
      AND NOT EXISTS (
          SELECT 1
          FROM session_participants a
          WHERE a.session_id = p.session_id AND a.user_id = p.user_id
      )
      AND q.rejected_by IS NULL
      AND q.id IS NOT NULL
      AND COALESCE(q.checked_in_for, 0) <> s.scheduled_time
  )
ORDER BY p.message_id
