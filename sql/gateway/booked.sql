SELECT bucket, free_at_ms FROM identify_buckets ORDER BY bucket
