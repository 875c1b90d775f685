-- The name of the thread of a session that the person organises or organised: one that is open gets another.
UPDATE session_threads SET name = NULL
WHERE session_id IN (SELECT id FROM sessions WHERE creator_id = $1)
