SELECT shards FROM processes WHERE shards IS NOT NULL ORDER BY started_at, id LIMIT 1
