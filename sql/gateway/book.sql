INSERT INTO identify_buckets (bucket, free_at_ms) VALUES ($1, $2)
ON CONFLICT (bucket) DO UPDATE
SET free_at_ms = CASE WHEN identify_buckets.free_at_ms > $3 THEN identify_buckets.free_at_ms + $4 ELSE $2 END
RETURNING free_at_ms
