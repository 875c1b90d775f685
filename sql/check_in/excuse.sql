DELETE FROM no_shows WHERE user_id = $1 AND session_id = $2
