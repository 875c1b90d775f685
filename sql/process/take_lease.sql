INSERT INTO leases (name, process) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
