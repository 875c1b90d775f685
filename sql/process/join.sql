INSERT INTO processes (id, shards, started_at) VALUES ($1, $2, $3)
