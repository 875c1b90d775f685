UPDATE session_participants SET team = 1 WHERE id = 9;
UPDATE session_history_players SET team = 2;
INSERT INTO session_teams VALUES (5, 1, 1, 2);
INSERT INTO session_pairs VALUES (5, 1, 2, 'together');
