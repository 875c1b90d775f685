SELECT one_id, other_id, bond FROM session_pairs WHERE session_id = $1 ORDER BY one_id, other_id
