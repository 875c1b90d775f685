INSERT INTO parked_deliveries VALUES (1, 10, 100, 2);
INSERT INTO session_cards VALUES (5, 1, '{}');
