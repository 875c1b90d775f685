INSERT INTO identify_buckets (bucket, free_at_ms) VALUES ($1, $2)
ON CONFLICT (bucket) DO UPDATE SET free_at_ms = excluded.free_at_ms
