SELECT shard, process FROM shard_holders WHERE shards = $1 ORDER BY shard
