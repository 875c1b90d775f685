-- What else such files hold: each row has something odd, told beside it.
PRAGMA foreign_keys = OFF;
INSERT INTO users VALUES
    (201, '', '["dps", "jungler"]', 'Mars/Olympus', 'yesterday'),          -- all of it
    (202, 'Null' || char(0) || 'byte', '["tank', '', '2026-01-09T20:00:00.5Z'),
    (203, x'4f6bff', 'tank', 'europe/berlin', 1767988800),
    (204, 42, NULL, NULL, '2026-01-09 20:00:00');
INSERT INTO user_accounts VALUES
    (21, 201, 'Twin#1111', 1, 'Wood', 1, 'Champion', NULL, 'gold', '2', 'Diamond 3', NULL, '2026-01-09'),
    (22, 201, 'TWIN#1111', 1, 'Unranked', NULL, '', NULL, NULL, 4, 'plat', 9, NULL),
    (23, 201, 'twin#1111', '1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-09 20:00:00+02:00'),
    (24, 202, 'No primary', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-09 20:00:00'),
    (25, 202, 'Not this one', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-09 20:00:00'),
    (26, 999, 'Orphan#1234', 1, 'bronze', 5, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-09 20:00:00'),
    (27, NULL, x'00', 'maybe', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-09 20:00:00');
INSERT INTO sessions VALUES
    (61, 998, 'here', '9101', '7v7 open', 'soon', 'Mars/Olympus', 'a' || char(0) || 'b', -3, 'PAUSED', 'none', NULL),
    (62, 'me', 9001, 9101, ' stadium ', '1830000000', NULL, NULL, '4', 'open', 7062.0, '2026-01-09 20:00:00');
INSERT INTO session_queue VALUES
    (61, 61, 997, '["21", "777", 22', '["healer"', 'yes', 'x', 'never'),
    (62, 61, 'them', '{"a": 1}', '{}', 2, NULL, '2026-01-09 20:00:00'),
    (63, 62, 201, '23', '["support"]', 0, NULL, '2026-01-09 20:00:00'),
    (64, 5555, 201, '[]', '[]', 0, 'of a deleted session', '2026-01-09 20:00:00');
INSERT INTO session_participants VALUES
    (61, 62, 201, 23, 'support', 0, 101, '2026-01-09 20:00:00'),
    (62, 62, 201, 22, 'dps', 0, 101, '2026-01-09 21:00:00'),
    (63, 62, 'them', 888, 'goalkeeper', 0, 'somebody', '2026-01-09 22:00:00'),
    (64, 5555, 201, 23, 'dps', 0, 101, '2026-01-09 23:00:00'),
    (65, 62, 996, NULL, 'healer', 0, NULL, 'x');
