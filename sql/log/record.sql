INSERT INTO session_log (session_id, done_at, actor_id, capacity, action, subject_id, other_id, reason, overridden)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
