SELECT published, blue_captain, red_captain FROM session_teams WHERE session_id = $1
