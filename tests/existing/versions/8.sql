INSERT INTO left_taken_back VALUES (5, 1, 'tank');
