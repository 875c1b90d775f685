-- Which database this is: one row, made by the bot's first start.
CREATE TABLE installation (
    id            BIGINT PRIMARY KEY CHECK (id = 1),
    identity      TEXT NOT NULL,                                 -- random; stays with the rows, wherever they go
    incarnation   TEXT,                                          -- random; NULL after a restore or a copy: the next start makes another
    started_empty TEXT                                           -- for files only
);

-- What an earlier version is delivering keeps its nonces: '' is the incarnation that is not in them.
INSERT INTO installation (id, identity, incarnation)
SELECT 1, replace(CAST(gen_random_uuid() AS TEXT), '-', ''), ''
WHERE EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM outbox);
