DELETE FROM gateway_sessions
WHERE shard = $1 AND shards = $2
  AND EXISTS (SELECT 1 FROM shard_holders WHERE shard = $1 AND shards = $2 AND process = $3)
