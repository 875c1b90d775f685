DELETE FROM gateway_sessions WHERE shard = $1 AND shards = $2 RETURNING session_id, sequence, resume_url
