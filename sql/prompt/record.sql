INSERT INTO session_prompts (message_id, channel_id, in_thread, session_id, user_id, kind, deadline)
SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), s.id, u.discord_id,
       CAST($6 AS TEXT), CAST($7 AS BIGINT)
FROM sessions s
JOIN users u ON u.discord_id = $5
WHERE s.id = $4
ON CONFLICT (message_id) DO NOTHING
