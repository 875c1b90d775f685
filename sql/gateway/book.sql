INSERT INTO identify_buckets (bucket, free_at_ms) VALUES ($1, $2 + $3)
ON CONFLICT (bucket) DO UPDATE
SET free_at_ms = CASE WHEN identify_buckets.free_at_ms > $2 THEN identify_buckets.free_at_ms ELSE $2 END + $3
RETURNING free_at_ms - $3 - $2 AS wait_ms
