-- One of what is refused together, as a probe: where it goes through, the others follow.
UPDATE outbox
SET due_at = CASE WHEN due_at < $2 THEN due_at ELSE $2 END,
    generation = generation + 1
WHERE id IN (
    SELECT first.outbox_id
    FROM (
        SELECT parked.outbox_id, owed.due_at,
               row_number() OVER (PARTITION BY parked.channel_id, parked.cause ORDER BY owed.due_at, owed.id) AS turn
        FROM parked_deliveries AS parked
        JOIN outbox AS owed ON owed.id = parked.outbox_id
        WHERE parked.guild_id = $1
    ) AS first
    WHERE first.turn = 1
    ORDER BY first.due_at, first.outbox_id
    LIMIT $3
)
