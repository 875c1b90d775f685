SELECT id, shards, beats FROM processes ORDER BY started_at, id
