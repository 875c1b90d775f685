SELECT session_id FROM session_teams WHERE blue_captain = $1 OR red_captain = $1 ORDER BY session_id
