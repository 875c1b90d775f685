SELECT shard, session_id, sequence, resume_url FROM gateway_sessions WHERE shards = $1
