-- The five tables of the existing installations, extended, and what the writer itself remembers.
-- Times are Unix seconds (UTC), Discord's ids are integers, lists of words are JSON.

CREATE TABLE users (
    discord_id       INTEGER PRIMARY KEY,
    username         TEXT NOT NULL,
    preferred_roles  TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(preferred_roles)),
    timezone         TEXT,                                       -- IANA; NULL: not told yet
    reminder_minutes INTEGER CHECK (reminder_minutes > 0),       -- NULL: no reminders
    created_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE user_accounts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    discord_id   INTEGER NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    account_name TEXT NOT NULL,                                  -- the BattleTag as its owner writes it
    account_key  TEXT NOT NULL,                                  -- the same, folded for comparing
    is_primary   INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1)),
    created_at   INTEGER NOT NULL,
    UNIQUE (discord_id, account_key)
) STRICT;

CREATE UNIQUE INDEX one_primary_account ON user_accounts (discord_id) WHERE is_primary = 1;

CREATE TABLE account_ranks (
    account_id  INTEGER NOT NULL REFERENCES user_accounts (id) ON DELETE CASCADE,
    ladder      TEXT NOT NULL,
    tier        TEXT NOT NULL,
    division    INTEGER NOT NULL CHECK (division BETWEEN 1 AND 5),
    declared_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, ladder)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    creator_id     INTEGER REFERENCES users (discord_id) ON DELETE SET NULL,
    guild_id       INTEGER NOT NULL,
    channel_id     INTEGER NOT NULL,
    message_id     INTEGER,                                      -- the card, once it is posted
    game_mode      TEXT NOT NULL,
    teams          INTEGER NOT NULL DEFAULT 1 CHECK (teams IN (1, 2)),
    title          TEXT NOT NULL,
    description    TEXT NOT NULL DEFAULT '',
    scheduled_time INTEGER NOT NULL,
    length_minutes INTEGER NOT NULL CHECK (length_minutes > 0),
    timezone       TEXT NOT NULL,
    lowest_tier    TEXT,
    highest_tier   TEXT,
    max_rank_diff  INTEGER CHECK (max_rank_diff > 0),            -- divisions from the organiser's rank
    status         TEXT NOT NULL DEFAULT 'OPEN'
                   CHECK (status IN ('OPEN', 'CLOSED', 'STARTED', 'COMPLETED', 'CANCELLED')),
    cancel_reason  TEXT,
    created_at     INTEGER NOT NULL
) STRICT;

-- What is still to come or under way: lists, pick lists and the session clock look nowhere else.
CREATE INDEX sessions_alive_by_guild ON sessions (guild_id, scheduled_time)
    WHERE status IN ('OPEN', 'CLOSED', 'STARTED');
CREATE INDEX sessions_alive_by_time ON sessions (scheduled_time)
    WHERE status IN ('OPEN', 'CLOSED', 'STARTED');
CREATE INDEX sessions_by_creator ON sessions (creator_id);

-- One row is one person's place in a session, waiting, accepted or rejected.
CREATE TABLE session_queue (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id      INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id         INTEGER NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    preferred_roles TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(preferred_roles)),
    is_streaming    INTEGER NOT NULL DEFAULT 0 CHECK (is_streaming IN (0, 1)),
    note            TEXT NOT NULL DEFAULT '',
    rejected_by     INTEGER,                                     -- NULL: not rejected
    joined_at       INTEGER NOT NULL,
    UNIQUE (session_id, user_id)
) STRICT;

CREATE INDEX session_queue_by_user ON session_queue (user_id);

-- The accounts that a person offers to play on in a session.
CREATE TABLE session_queue_accounts (
    queue_id   INTEGER NOT NULL REFERENCES session_queue (id) ON DELETE CASCADE,
    account_id INTEGER NOT NULL REFERENCES user_accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (queue_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_queue_accounts_by_account ON session_queue_accounts (account_id);

-- Who was accepted, into which role, on which account. Of a person who deleted their profile the
-- row stays without its names, so that the history of the others is whole.
CREATE TABLE session_participants (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id  INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id     INTEGER REFERENCES users (discord_id) ON DELETE SET NULL,
    account_id  INTEGER REFERENCES user_accounts (id) ON DELETE SET NULL,
    role        TEXT NOT NULL CHECK (role IN ('tank', 'damage', 'support', 'flex')),
    selected_by INTEGER,
    selected_at INTEGER NOT NULL,
    UNIQUE (session_id, user_id)
) STRICT;

CREATE INDEX session_participants_by_user ON session_participants (user_id);
CREATE INDEX session_participants_by_account ON session_participants (account_id);

-- What the world is owed. (kind, key) is what coalesces: a second refresh of a card that is
-- already owed only raises the generation.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    payload    TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(payload)),
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    generation INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    UNIQUE (kind, key)
) STRICT;

CREATE INDEX outbox_by_due ON outbox (due_at);

-- Who has been reminded of which start; a session that moves has a new start.
CREATE TABLE reminders (
    session_id     INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id        INTEGER NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    scheduled_time INTEGER NOT NULL,
    PRIMARY KEY (session_id, user_id, scheduled_time)
) STRICT, WITHOUT ROWID;

-- The answer that each interaction got, for as long as Discord may deliver it again.
CREATE TABLE receipts (
    interaction_id INTEGER NOT NULL,
    command        TEXT NOT NULL,
    answer         TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (interaction_id, command)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_by_age ON receipts (created_at);

-- The gateway sessions of the process that stopped, for the next one to resume.
CREATE TABLE gateway_sessions (
    shard      INTEGER NOT NULL,
    shards     INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    resume_url TEXT,
    PRIMARY KEY (shard, shards)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_over_by_time ON sessions (scheduled_time)
    WHERE status IN ('COMPLETED', 'CANCELLED');

-- What is over for long and has left the tables above: what statistics and ratings need, without
-- anything that somebody wrote. Names go with their owners.
CREATE TABLE session_history (
    session_id     INTEGER PRIMARY KEY,
    guild_id       INTEGER NOT NULL,
    organiser_id   INTEGER REFERENCES users (discord_id) ON DELETE SET NULL,
    game_mode      TEXT NOT NULL,
    teams          INTEGER NOT NULL,
    scheduled_time INTEGER NOT NULL,
    length_minutes INTEGER NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('COMPLETED', 'CANCELLED'))
) STRICT;

CREATE INDEX session_history_by_guild ON session_history (guild_id, session_id);
CREATE INDEX session_history_by_organiser ON session_history (organiser_id);

-- Who played what, with the rank that was declared when the session was moved here, and since when.
CREATE TABLE session_history_players (
    id          INTEGER PRIMARY KEY,
    session_id  INTEGER NOT NULL REFERENCES session_history (session_id) ON DELETE CASCADE,
    user_id     INTEGER REFERENCES users (discord_id) ON DELETE SET NULL,
    role        TEXT NOT NULL CHECK (role IN ('tank', 'damage', 'support', 'flex')),
    ladder      TEXT,
    tier        TEXT,
    division    INTEGER CHECK (division BETWEEN 1 AND 5),
    declared_at INTEGER
) STRICT;

CREATE INDEX session_history_players_by_session ON session_history_players (session_id);
CREATE INDEX session_history_players_by_user ON session_history_players (user_id);

-- When each of the chores was last done that are not to be done at every start.
CREATE TABLE chores (
    name    TEXT PRIMARY KEY,
    done_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
