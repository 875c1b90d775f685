-- Who has left a session in which an organiser had taken their place back: joining anew does not undo
-- that, no more than joining again does.
CREATE TABLE left_taken_back (
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('tank', 'damage', 'support', 'flex')),
    PRIMARY KEY (session_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX left_taken_back_by_user ON left_taken_back (user_id);
