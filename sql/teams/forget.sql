DELETE FROM session_teams WHERE session_id = $1
