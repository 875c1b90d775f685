-- The generation rises, so that what is under way and refused at this moment is tried once more.
UPDATE outbox
SET due_at = $4,
    generation = generation + 1
WHERE id IN (
    SELECT parked.outbox_id
    FROM parked_deliveries AS parked
    JOIN outbox AS owed ON owed.id = parked.outbox_id
    WHERE parked.guild_id = $1 AND parked.channel_id = $2 AND parked.cause = $3 AND owed.due_at > $4
    ORDER BY owed.due_at, owed.id
    LIMIT $5
)
