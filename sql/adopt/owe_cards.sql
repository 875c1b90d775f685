-- The cards of what is still to come are first, the soonest before all others. Of one channel they
-- are ?2 seconds apart, and of all channels ?3 are due in a second.
INSERT INTO outbox (kind, key, due_at, created_at)
SELECT ?4, CAST(id AS TEXT), ?1 + max(in_channel * ?2, overall / ?3), ?1
FROM (
    SELECT id,
           row_number() OVER (PARTITION BY channel_id ORDER BY is_over, scheduled_time, id) - 1 AS in_channel,
           row_number() OVER (ORDER BY is_over, scheduled_time, id) - 1 AS overall
    FROM (
        SELECT id, channel_id, scheduled_time,
               scheduled_time + length_minutes * 60 <= ?1 AS is_over
        FROM sessions
        WHERE status IN ('OPEN', 'CLOSED', 'STARTED') AND message_id IS NOT NULL
    )
)
ORDER BY overall
