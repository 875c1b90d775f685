-- Several processes on one database. A process is a row; whatever it has taken refers to that row,
-- and is free again when it goes: by itself at a stop, by the hand of another when its beats cease.
CREATE TABLE processes (
    id         TEXT PRIMARY KEY,                                  -- made anew at each start
    shards     BIGINT CHECK (shards > 0),                        -- takes its share of so many; NULL: of none
    beats      BIGINT NOT NULL DEFAULT 0,                        -- rises for as long as it lives
    started_at BIGINT NOT NULL
);

-- What one process at a time does for all of them.
CREATE TABLE leases (
    name    TEXT PRIMARY KEY,
    process TEXT NOT NULL REFERENCES processes (id) ON DELETE CASCADE
);

CREATE INDEX leases_by_process ON leases (process);

-- Which process runs which shard, of those that are shared out.
CREATE TABLE shard_holders (
    shard   BIGINT NOT NULL,
    shards  BIGINT NOT NULL,
    process TEXT NOT NULL REFERENCES processes (id) ON DELETE CASCADE,
    PRIMARY KEY (shards, shard)
);

CREATE INDEX shard_holders_by_process ON shard_holders (process);

-- From when on the next shard of a bucket may identify itself, in Unix milliseconds of the server.
CREATE TABLE identify_buckets (
    bucket     BIGINT PRIMARY KEY,
    free_at_ms BIGINT NOT NULL
);

-- Which process delivers a row; NULL: nobody does yet.
ALTER TABLE outbox ADD COLUMN claimed_by TEXT REFERENCES processes (id) ON DELETE SET NULL;

CREATE INDEX outbox_by_claim ON outbox (claimed_by);
