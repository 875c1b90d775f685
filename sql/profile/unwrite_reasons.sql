-- Why sessions were cancelled that were the person's, or by them.
UPDATE sessions SET cancel_reason = NULL
WHERE creator_id = $1
   OR id IN (SELECT session_id FROM session_log WHERE actor_id = $1 AND action LIKE '{"did":"cancelled"%')
