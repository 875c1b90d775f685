UPDATE session_events SET state = $2, event_id = $3, shown = $4, told = '[]' WHERE session_id = $1
