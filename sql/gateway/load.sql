SELECT shard, shards, session_id, sequence, resume_url FROM gateway_sessions ORDER BY shard
