-- Messages that ask one person something about a session, until they need no answer any more: then
-- the message is edited and loses its buttons.
CREATE TABLE session_prompts (
    message_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL,
    -- Whether it is in the session's thread, where others read it, instead of a direct message.
    in_thread  INTEGER NOT NULL CHECK (in_thread IN (0, 1)),
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('offer', 'check_in', 'late', 'shortage')),
    -- Of an offer its end, of a check-in the start that it is for.
    deadline   INTEGER NOT NULL
) STRICT;

CREATE INDEX session_prompts_by_session ON session_prompts (session_id);
CREATE INDEX session_prompts_by_user ON session_prompts (user_id);
