INSERT INTO sessions (creator_id, guild_id, channel_id, game_mode, teams, title, description,
                      scheduled_time, length_minutes, timezone, lowest_tier, highest_tier,
                      max_rank_diff, admission, check_in_minutes, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
RETURNING id
