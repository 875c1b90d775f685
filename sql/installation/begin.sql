INSERT INTO installation (id, identity, incarnation, started_empty) VALUES (1, $1, $2, $3)
ON CONFLICT (id) DO UPDATE SET started_empty = excluded.started_empty
