INSERT INTO installation (id, identity, incarnation) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING
