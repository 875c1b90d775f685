SELECT count(*) AS missed FROM no_shows WHERE user_id = $1
