-- While the bot does not run, the time is noted by nobody: confirming it is no use of the database.
INSERT INTO known_time (id, last_at, confirmed_at) VALUES (1, $1, $1)
ON CONFLICT (id) DO UPDATE SET confirmed_at = excluded.confirmed_at
