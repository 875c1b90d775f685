-- Who else is in a session's queue and has not been turned down.
SELECT user_id FROM session_queue WHERE session_id = $1 AND user_id <> $2 AND rejected_by IS NULL
