-- With each row where it goes; a direct message names its session and its person in its key.
SELECT
    o.id, o.kind, o.key, o.payload, o.attempts, o.generation,
    s.guild_id, s.id AS session_id,
    COALESCE(c.channel_id, s.channel_id) AS channel_id,
    CASE o.kind WHEN 'card' THEN s.message_id WHEN 'call' THEN c.message_id WHEN 'thread' THEN t.thread_id END AS message_id
FROM (
    SELECT id, kind, key, payload, attempts, generation, due_at
    FROM outbox
    WHERE due_at <= $1 AND claimed_by IS NULL
    ORDER BY due_at, id
    LIMIT $2
) o
LEFT JOIN session_calls c ON c.id = CASE WHEN o.kind = 'call' THEN CAST(o.key AS BIGINT) END
LEFT JOIN sessions s
    ON s.id = CASE
        WHEN o.kind = 'call' THEN c.session_id
        WHEN o.kind = 'direct_message' AND o.key ~ '^[0-9]+:' THEN CAST(split_part(o.key, ':', 1) AS BIGINT)
        WHEN o.kind IN ('card', 'thread', 'event') THEN CAST(o.key AS BIGINT)
        WHEN o.kind IN ('retraction', 'prompt_end') THEN CAST(CAST(o.payload AS JSON) ->> 'session' AS BIGINT)
    END
LEFT JOIN session_threads t ON t.session_id = CASE WHEN o.kind = 'thread' THEN s.id END
ORDER BY o.due_at, o.id
