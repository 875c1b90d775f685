UPDATE sessions
SET game_mode = $2, teams = $3, title = $4, description = $5, scheduled_time = $6,
    length_minutes = $7, timezone = $8, lowest_tier = $9, highest_tier = $10, max_rank_diff = $11,
    admission = $12, check_in_minutes = $13
WHERE id = $1
