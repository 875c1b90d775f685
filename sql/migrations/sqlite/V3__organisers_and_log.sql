-- Who else leads a session.
CREATE TABLE session_co_organisers (
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    added_at   INTEGER NOT NULL,
    PRIMARY KEY (session_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_co_organisers_by_user ON session_co_organisers (user_id);

-- What was done about a session: by whom and by what right, what, on whom. People are their ids; who
-- deletes their profile becomes 0, and what was typed about them or by them goes.
CREATE TABLE session_log (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    done_at    INTEGER NOT NULL,
    actor_id   INTEGER,                                          -- NULL: it happened by itself
    capacity   TEXT NOT NULL,
    action     TEXT NOT NULL CHECK (json_valid(action)),
    subject_id INTEGER,                                          -- NULL: it was about nobody
    other_id   INTEGER,
    reason     TEXT NOT NULL DEFAULT '',
    overridden INTEGER NOT NULL DEFAULT 0 CHECK (overridden IN (0, 1))
) STRICT;

CREATE INDEX session_log_by_session ON session_log (session_id, id);

-- A place beyond a limit, by somebody's word.
ALTER TABLE session_participants
    ADD COLUMN overridden INTEGER NOT NULL DEFAULT 0 CHECK (overridden IN (0, 1));

-- Messages that look for more players, in channels besides the card's.
CREATE TABLE session_calls (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL,
    message_id INTEGER,                                          -- NULL: not posted yet
    created_at INTEGER NOT NULL,
    UNIQUE (session_id, channel_id)
) STRICT;
