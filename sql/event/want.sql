INSERT INTO session_events (session_id) VALUES ($1)
ON CONFLICT (session_id) DO UPDATE
SET wanted = 1,
    told = '[]',
    event_id = CASE WHEN session_events.state IN ('over', 'gone') THEN NULL ELSE session_events.event_id END,
    state = CASE WHEN session_events.state IN ('over', 'gone', 'refused') THEN 'none' ELSE session_events.state END
WHERE session_events.wanted = 0 OR session_events.state IN ('gone', 'refused')
