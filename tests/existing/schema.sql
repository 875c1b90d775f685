-- The tables of an existing installation, as its bot made them.
PRAGMA journal_mode = WAL;

CREATE TABLE users (
    discord_id INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    preferred_roles TEXT,
    timezone TEXT DEFAULT 'America/New_York',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE user_accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    discord_id INTEGER,
    account_name TEXT NOT NULL,
    is_primary BOOLEAN DEFAULT FALSE,
    tank_rank TEXT,
    tank_division INTEGER,
    dps_rank TEXT,
    dps_division INTEGER,
    support_rank TEXT,
    support_division INTEGER,
    sixv6_rank TEXT,
    sixv6_division INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (discord_id) REFERENCES users (discord_id) ON DELETE CASCADE,
    UNIQUE (discord_id, account_name)
);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creator_id INTEGER,
    guild_id INTEGER,
    channel_id INTEGER,
    game_mode TEXT,
    scheduled_time TIMESTAMP,
    timezone TEXT,
    description TEXT,
    max_rank_diff INTEGER,
    status TEXT DEFAULT 'OPEN',
    message_id INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (creator_id) REFERENCES users (discord_id)
);

CREATE TABLE session_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER,
    user_id INTEGER,
    account_ids TEXT,
    preferred_roles TEXT,
    is_streaming BOOLEAN DEFAULT FALSE,
    note TEXT,
    joined_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (discord_id),
    UNIQUE (session_id, user_id)
);

CREATE TABLE session_participants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER,
    user_id INTEGER,
    account_id INTEGER,
    role TEXT,
    is_streaming BOOLEAN DEFAULT FALSE,
    selected_by INTEGER,
    selected_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (discord_id),
    FOREIGN KEY (account_id) REFERENCES user_accounts (id),
    UNIQUE (session_id, user_id, role)
);

CREATE INDEX idx_sessions_status ON sessions (status);
CREATE INDEX session_queue_by_user ON session_queue (user_id);
