-- With each row where it goes; a direct message names its session and its person in its key.
SELECT
    o.id, o.kind, o.key, o.payload, o.attempts, o.generation,
    s.guild_id, s.id AS session_id,
    COALESCE(c.channel_id, s.channel_id) AS channel_id,
    CASE o.kind WHEN 'card' THEN s.message_id WHEN 'call' THEN c.message_id WHEN 'thread' THEN t.thread_id END AS message_id
FROM outbox o
LEFT JOIN session_calls c ON o.kind = 'call' AND c.id = CAST(o.key AS INTEGER)
LEFT JOIN sessions s
    ON s.id = CASE
        WHEN o.kind = 'call' THEN c.session_id
        WHEN o.kind = 'direct_message' THEN CAST(substr(o.key, 1, instr(o.key, ':') - 1) AS INTEGER)
        WHEN o.kind IN ('card', 'thread', 'event') THEN CAST(o.key AS INTEGER)
        WHEN o.kind IN ('retraction', 'prompt_end') THEN json_extract(o.payload, '$.session')
    END
LEFT JOIN session_threads t ON o.kind = 'thread' AND t.session_id = s.id
WHERE o.due_at <= $1 AND o.claimed_by IS NULL
ORDER BY o.due_at, o.id
LIMIT $2
