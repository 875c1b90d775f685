DELETE FROM gateway_sessions WHERE shards <> $1
