SELECT session_id, bond FROM session_pairs WHERE one_id = $1 OR other_id = $1 ORDER BY session_id, bond
