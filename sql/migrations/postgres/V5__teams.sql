-- Which of two teams somebody plays on: 1 is blue, 2 is red; NULL: on none yet.
ALTER TABLE session_participants ADD COLUMN team BIGINT CHECK (team IN (1, 2));
ALTER TABLE session_history_players ADD COLUMN team BIGINT CHECK (team IN (1, 2));

-- Whether everybody sees a session's teams, and who picks them if captains do.
CREATE TABLE session_teams (
    session_id   BIGINT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    published    BIGINT NOT NULL DEFAULT 0 CHECK (published IN (0, 1)),
    blue_captain BIGINT REFERENCES users (discord_id) ON DELETE SET NULL,
    red_captain  BIGINT REFERENCES users (discord_id) ON DELETE SET NULL
);

CREATE INDEX session_teams_by_blue_captain ON session_teams (blue_captain);
CREATE INDEX session_teams_by_red_captain ON session_teams (red_captain);

-- Two players who are to be on the same team, or on different ones; the smaller id first.
CREATE TABLE session_pairs (
    session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    one_id     BIGINT NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    other_id   BIGINT NOT NULL REFERENCES users (discord_id) ON DELETE CASCADE,
    bond       TEXT COLLATE "C" NOT NULL CHECK (bond IN ('together', 'apart')),
    PRIMARY KEY (session_id, one_id, other_id),
    CHECK (one_id < other_id)
);

CREATE INDEX session_pairs_by_one ON session_pairs (one_id);
CREATE INDEX session_pairs_by_other ON session_pairs (other_id);
