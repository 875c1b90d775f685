SELECT count(*) AS records FROM session_log WHERE actor_id = $1 OR subject_id = $1 OR other_id = $1
