DELETE FROM shard_holders WHERE shard = $1 AND shards = $2 AND process = $3
