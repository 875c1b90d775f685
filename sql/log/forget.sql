-- The records stay, without the name and without what was typed.
UPDATE session_log
SET actor_id = CASE WHEN actor_id = $1 THEN 0 ELSE actor_id END,
    subject_id = CASE WHEN subject_id = $1 THEN 0 ELSE subject_id END,
    other_id = CASE WHEN other_id = $1 THEN 0 ELSE other_id END,
    reason = ''
WHERE actor_id = $1 OR subject_id = $1 OR other_id = $1
