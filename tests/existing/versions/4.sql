INSERT INTO session_threads VALUES (5, 1, 'open', 300, 'Friday');
INSERT INTO session_thread_members VALUES (5, 2);
INSERT INTO session_events VALUES (5, 1, 'scheduled', 400, 'Friday');
