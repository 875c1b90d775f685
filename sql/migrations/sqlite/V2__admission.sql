-- How players get their places, offers of places that became free, check-ins and no-shows.

ALTER TABLE sessions ADD COLUMN admission TEXT NOT NULL DEFAULT 'organiser'
    CHECK (admission IN ('organiser', 'first_come', 'balanced'));
-- Minutes before the start; 0: none, as for whatever was planned before there was a check-in.
ALTER TABLE sessions ADD COLUMN check_in_minutes INTEGER NOT NULL DEFAULT 0 CHECK (check_in_minutes >= 0);
-- The start that the check-in was opened for; a session that moves has a new start.
ALTER TABLE sessions ADD COLUMN check_in_opened_for INTEGER;
-- When its places were all taken for the first time; from then on free ones are offered.
ALTER TABLE sessions ADD COLUMN filled_at INTEGER;

-- The start that a person has checked in for.
ALTER TABLE session_queue ADD COLUMN checked_in_for INTEGER;

-- A place that was offered to somebody who waits, and what became of it. It is reserved while open.
-- With 'taken_back' an organiser took the place back: the person is not asked by itself again.
CREATE TABLE place_offers (
    queue_id   INTEGER PRIMARY KEY REFERENCES session_queue (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('tank', 'damage', 'support', 'flex')),
    offered_at INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('open', 'declined', 'silent', 'taken_back'))
) STRICT;

CREATE INDEX place_offers_open_by_end ON place_offers (until) WHERE state = 'open';

-- Who had a place and was not there at the start. It outlives the session, for the statistics.
CREATE TABLE no_shows (
    user_id        INTEGER NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    session_id     INTEGER NOT NULL,
    guild_id       INTEGER NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('tank', 'damage', 'support', 'flex')),
    scheduled_time INTEGER NOT NULL,
    PRIMARY KEY (user_id, session_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX no_shows_by_session ON no_shows (session_id);
