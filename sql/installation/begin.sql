INSERT INTO installation (id, identity, incarnation, started_empty) VALUES (1, $1, $2, $3)
