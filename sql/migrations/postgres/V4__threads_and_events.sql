-- A session's thread at its card, where one was asked for, and how far it is.
CREATE TABLE session_threads (
    session_id BIGINT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    wanted     BIGINT NOT NULL DEFAULT 1 CHECK (wanted IN (0, 1)),
    state      TEXT COLLATE "C" NOT NULL DEFAULT 'none' CHECK (state IN ('none', 'open', 'closed', 'gone', 'refused')),
    thread_id  BIGINT,                                          -- NULL: not known
    name       TEXT COLLATE "C"                                             -- NULL: not known
);

-- Who was put into it. No reference to the person: who deletes their profile is still to be taken out
-- of the thread, and the row goes with that.
CREATE TABLE session_thread_members (
    session_id BIGINT NOT NULL REFERENCES session_threads (session_id) ON DELETE CASCADE,
    user_id    BIGINT NOT NULL,
    PRIMARY KEY (session_id, user_id)
);

-- A session's scheduled event, where one was asked for, how far it is, and what it says.
CREATE TABLE session_events (
    session_id BIGINT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    wanted     BIGINT NOT NULL DEFAULT 1 CHECK (wanted IN (0, 1)),
    state      TEXT COLLATE "C" NOT NULL DEFAULT 'none'
               CHECK (state IN ('none', 'scheduled', 'active', 'over', 'gone', 'refused')),
    event_id   BIGINT,                                          -- NULL: not known
    shown      TEXT COLLATE "C"                                              -- NULL: not known
);
