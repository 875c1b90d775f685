SELECT wanted, state, event_id, shown FROM session_events WHERE session_id = $1
