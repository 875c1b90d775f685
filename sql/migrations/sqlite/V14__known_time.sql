-- When the database was last in use, by a clock that could be relied on: one row.
CREATE TABLE known_time (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    last_at      INTEGER NOT NULL,
    confirmed_at INTEGER                                          -- what the clock showed when its operator confirmed it
) STRICT;

-- The days on which the bot ran, counted from 1970-01-01 (UTC): nothing is erased for its age before the bot has
-- run on as many days.
CREATE TABLE days_run (
    day INTEGER PRIMARY KEY
) STRICT;

-- What is known of the time before: the days on which sessions were made.
INSERT INTO known_time (id, last_at)
SELECT 1, latest FROM (SELECT max(created_at) AS latest FROM sessions WHERE created_at > 0) AS made WHERE latest IS NOT NULL;
INSERT INTO days_run (day)
SELECT DISTINCT created_at / 86400 FROM sessions WHERE created_at > 0;
