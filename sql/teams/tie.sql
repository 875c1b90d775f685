INSERT INTO session_pairs (session_id, one_id, other_id, bond) VALUES ($1, $2, $3, $4)
ON CONFLICT (session_id, one_id, other_id) DO UPDATE SET bond = excluded.bond
