UPDATE parked_deliveries SET cause = 'access';
UPDATE session_threads SET told = '["removed"]';
UPDATE session_events SET told = '["forbidden"]';
INSERT INTO left_taken_back VALUES (5, 41, 'tank');
