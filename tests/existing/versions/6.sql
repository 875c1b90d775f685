INSERT INTO processes VALUES ('a', 2, 37, 38);
INSERT INTO leases VALUES ('chores', 'a');
INSERT INTO shard_holders VALUES (0, 2, 'a');
INSERT INTO identify_buckets VALUES (0, 39);
UPDATE outbox SET claimed_by = 'a';
