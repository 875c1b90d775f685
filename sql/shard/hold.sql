INSERT INTO shard_holders (shard, shards, process) VALUES ($1, $2, $3) ON CONFLICT (shards, shard) DO NOTHING
