INSERT INTO session_co_organisers VALUES (5, 2, 34);
INSERT INTO session_log VALUES (1, 5, 35, 1, 'organiser', '{"did":"cancelled"}', NULL, NULL, 'Ill', 0);
UPDATE session_participants SET overridden = 1 WHERE id = 9;
INSERT INTO session_calls VALUES (1, 5, 201, NULL, 36);
