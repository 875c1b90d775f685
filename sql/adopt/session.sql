INSERT INTO sessions (
    id, creator_id, guild_id, channel_id, message_id, game_mode, title, description,
    scheduled_time, length_minutes, timezone, max_rank_diff, status, created_at
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
