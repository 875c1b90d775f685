-- Places of a session that somebody has or is asked for, and whether all of them once were.
SELECT (SELECT count(*) FROM session_participants p WHERE p.session_id = s.id)
     + (SELECT count(*)
        FROM session_queue q
        JOIN place_offers o ON o.queue_id = q.id AND o.state = 'open'
        WHERE q.session_id = s.id) AS taken,
       CASE WHEN s.filled_at IS NULL THEN 0 ELSE 1 END AS filled
FROM sessions s
WHERE s.id = $1
