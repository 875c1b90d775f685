-- One of each kind in each place, as a probe: where it goes through, the others of its place follow.
UPDATE outbox
SET due_at = CASE WHEN due_at < $2 THEN due_at ELSE $2 END,
    generation = generation + 1
WHERE id IN (
    SELECT min(parked.outbox_id)
    FROM parked_deliveries AS parked
    JOIN outbox AS owed ON owed.id = parked.outbox_id
    WHERE parked.guild_id = $1
    GROUP BY parked.channel_id, owed.kind
    ORDER BY min(owed.due_at), min(parked.outbox_id)
    LIMIT 6
)
