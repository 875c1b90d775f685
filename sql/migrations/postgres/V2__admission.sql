-- How players get their places, offers of places that became free, check-ins and no-shows.

ALTER TABLE sessions ADD COLUMN admission TEXT COLLATE "C" NOT NULL DEFAULT 'organiser'
    CHECK (admission IN ('organiser', 'first_come', 'balanced'));
-- Minutes before the start; 0: none, as for whatever was planned before there was a check-in.
ALTER TABLE sessions ADD COLUMN check_in_minutes BIGINT NOT NULL DEFAULT 0 CHECK (check_in_minutes >= 0);
-- The start that the check-in was opened for; a session that moves has a new start.
ALTER TABLE sessions ADD COLUMN check_in_opened_for BIGINT;
-- When its places were all taken for the first time; from then on free ones are offered.
ALTER TABLE sessions ADD COLUMN filled_at BIGINT;

-- The start that a person has checked in for.
ALTER TABLE session_queue ADD COLUMN checked_in_for BIGINT;

-- A place that was offered to somebody who waits, and what became of it. It is reserved while open.
-- With 'taken_back' an organiser took the place back: the person is not asked by itself again.
CREATE TABLE place_offers (
    queue_id   BIGINT PRIMARY KEY REFERENCES session_queue (id) ON DELETE CASCADE,
    role       TEXT COLLATE "C" NOT NULL CHECK (role IN ('tank', 'damage', 'support', 'flex')),
    offered_at BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'declined', 'silent', 'taken_back'))
);

CREATE INDEX place_offers_open_by_end ON place_offers (until) WHERE state = 'open';

-- Who had a place and was not there at the start. It outlives the session, for the statistics.
CREATE TABLE no_shows (
    user_id        BIGINT NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    session_id     BIGINT NOT NULL,
    guild_id       BIGINT NOT NULL,
    role           TEXT COLLATE "C" NOT NULL CHECK (role IN ('tank', 'damage', 'support', 'flex')),
    scheduled_time BIGINT NOT NULL,
    PRIMARY KEY (user_id, session_id)
);

CREATE INDEX no_shows_by_session ON no_shows (session_id);
