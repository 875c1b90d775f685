SELECT moves, trouble FROM session_cards WHERE session_id = $1
