INSERT INTO gateway_sessions (shard, shards, session_id, sequence, resume_url)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (shard, shards) DO UPDATE
SET session_id = excluded.session_id, sequence = excluded.sequence, resume_url = excluded.resume_url
