-- Who was turned down and has deleted their profile: until the session is over they cannot join it anew.
-- It is all that is kept of them, so that it refers to nobody in users.
CREATE TABLE refusals (
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL,
    PRIMARY KEY (session_id, user_id)
) STRICT, WITHOUT ROWID;

-- The name that somebody has in the session's server, if it is another than everywhere else. It is shown
-- nowhere else.
ALTER TABLE session_queue ADD COLUMN nick TEXT;
