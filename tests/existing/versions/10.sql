INSERT INTO refusals VALUES (5, 41);
UPDATE session_queue SET nick = 'Nick';
