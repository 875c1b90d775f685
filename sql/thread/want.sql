INSERT INTO session_threads (session_id) VALUES ($1)
ON CONFLICT (session_id) DO UPDATE
SET wanted = 1,
    told = '[]',
    thread_id = CASE WHEN session_threads.state = 'gone' THEN NULL ELSE session_threads.thread_id END,
    state = CASE WHEN session_threads.state IN ('gone', 'refused') THEN 'none' ELSE session_threads.state END
WHERE session_threads.wanted = 0 OR session_threads.state IN ('gone', 'refused')
