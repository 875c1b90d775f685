-- What the bot of an existing installation wrote on a good day.
INSERT INTO users VALUES
    (101, 'Ana', '["support", "dps"]', 'Europe/Berlin', '2025-11-02 18:00:00'),
    (102, 'Winston 🐵', '["tank"]', 'America/New_York', '2025-11-03 18:00:00'),
    (103, 'Zoë', '[]', NULL, '2025-11-04 18:00:00');
INSERT INTO user_accounts VALUES
    (11, 101, 'Ana#1234', 1, NULL, NULL, 'Diamond', 3, 'master', 5, 'Gold', 1, '2025-11-02 18:00:00'),
    (12, 101, 'Смурф#21345', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 18:30:00'),
    (13, 102, 'Winston#4321', 1, 'GRANDMASTER', 2, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-03 18:00:00');
INSERT INTO sessions VALUES
    (41, 101, 9001, 9101, '5v5', '2025-12-24T19:00:00+00:00', 'Europe/Berlin', 'Over long ago', 0, 'CLOSED', 7041, '2025-12-01 10:00:00'),
    (42, 101, 9001, 9101, '5v5', '2027-01-09T20:00:00+00:00', 'Europe/Berlin', 'Scrim 🐸', 10, 'OPEN', 7042, '2026-01-01 10:00:00'),
    (43, 102, 9001, 9101, '6v6', '2027-01-10T20:00:00+00:00', 'America/New_York', NULL, NULL, 'CLOSED', 7043, '2026-01-01 11:00:00'),
    (44, 102, 9001, 9102, 'Stadium', '2027-01-11T20:00:00+00:00', 'America/New_York', '', NULL, 'CANCELLED', 7044, '2026-01-01 12:00:00'),
    (50, 102, 9001, 9102, '5v5', '2027-01-11T20:00:00+00:00', 'UTC', '', NULL, 'OPEN', NULL, '2026-01-01 12:00:00');
DELETE FROM sessions WHERE id = 50;
INSERT INTO session_queue VALUES
    (1, 42, 102, '["13"]', '["tank"]', 0, 'Late by 5', '2026-01-02 10:00:00'),
    (2, 42, 103, '[]', '["dps", "support"]', 1, NULL, '2026-01-02 11:00:00'),
    (3, 43, 101, '["11", "12"]', '[]', 0, '', '2026-01-02 12:00:00');
INSERT INTO session_participants VALUES
    (1, 42, 102, 13, 'tank', 0, 101, '2026-01-03 10:00:00'),
    (2, 42, 101, 11, 'dps', 1, 101, '2026-01-03 11:00:00'),
    (3, 43, 101, 12, 'player', 0, 102, '2026-01-03 12:00:00');
