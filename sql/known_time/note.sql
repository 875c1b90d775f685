INSERT INTO known_time (id, last_at) VALUES (1, $1)
ON CONFLICT (id) DO UPDATE SET last_at = excluded.last_at
