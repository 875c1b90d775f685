-- What the event of a session says that the person organises or organised: one that is on gets another text.
UPDATE session_events SET shown = NULL
WHERE session_id IN (SELECT id FROM sessions WHERE creator_id = $1)
