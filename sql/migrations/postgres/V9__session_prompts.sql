-- Messages that ask one person something about a session, until they need no answer any more: then
-- the message is edited and loses its buttons.
CREATE TABLE session_prompts (
    message_id BIGINT PRIMARY KEY,
    channel_id BIGINT NOT NULL,
    -- Whether it is in the session's thread, where others read it, instead of a direct message.
    in_thread  BIGINT NOT NULL CHECK (in_thread IN (0, 1)),
    session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    BIGINT NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('offer', 'check_in', 'late', 'shortage')),
    -- Of an offer its end, of a check-in the start that it is for.
    deadline   BIGINT NOT NULL
);

CREATE INDEX session_prompts_by_session ON session_prompts (session_id);
CREATE INDEX session_prompts_by_user ON session_prompts (user_id);
