-- Which database this is: one row, made by the bot's first start.
CREATE TABLE installation (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    identity      TEXT NOT NULL,                                 -- random; stays with the rows, wherever they go
    incarnation   TEXT,                                          -- random; NULL after a restore, a copy or an adoption: the next start makes another
    started_empty TEXT                                           -- the START_EMPTY with which it began beside backups of another one
) STRICT;

-- What an earlier version is delivering keeps its nonces: '' is the incarnation that is not in them.
INSERT INTO installation (id, identity, incarnation)
SELECT 1, lower(hex(randomblob(16))), ''
WHERE EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM outbox);
