UPDATE sessions SET admission = 'first_come', check_in_minutes = 15, check_in_opened_for = 1795000000, filled_at = 30;
UPDATE session_queue SET checked_in_for = 1795000000;
INSERT INTO place_offers VALUES (3, 'tank', 31, 32, 'open');
INSERT INTO no_shows VALUES (2, 5, 100, 'tank', 33);
