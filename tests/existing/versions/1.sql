-- A row or more in every table of the first version that people's data stands in.
INSERT INTO users VALUES (1, 'Mira', '["tank"]', 'Europe/Berlin', 15, 10), (2, 'Freya', '[]', NULL, NULL, 11);
INSERT INTO user_accounts VALUES (7, 2, 'Freya#1111', 'freya#1111', 1, 12);
INSERT INTO account_ranks VALUES (7, 'tank', 'diamond', 3, 13);
INSERT INTO sessions VALUES (5, 1, 100, 200, 300, '5v5', 1, 'Friday', 'Bring snacks', 1795000000, 120,
    'Europe/Berlin', 'gold', NULL, NULL, 'OPEN', NULL, 14);
INSERT INTO session_queue VALUES (3, 5, 2, '["tank"]', 1, 'a note', NULL, 15), (4, 5, 1, '[]', 0, '', 2, 16);
INSERT INTO session_queue_accounts VALUES (3, 7);
INSERT INTO session_participants VALUES (9, 5, 2, 7, 'tank', 1, 17), (10, 5, NULL, NULL, 'damage', NULL, 18);
INSERT INTO outbox VALUES (1, 'card', '5', '{}', 19, 0, 2, 19);
INSERT INTO reminders VALUES (5, 2, 1795000000);
INSERT INTO receipts VALUES (42, 'join_queue', '{}', 20);
INSERT INTO gateway_sessions VALUES (0, 1, 'abc', 21, NULL);
INSERT INTO session_history VALUES (2, 100, 1, '6v6', 2, 22, 60, 'COMPLETED');
INSERT INTO session_history_players VALUES (1, 2, 2, 'tank', 'open', 'gold', 1, 23);
INSERT INTO chores VALUES ('optimize', 24);
