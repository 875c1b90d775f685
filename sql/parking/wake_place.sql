-- The generation rises, so that what is under way and refused at this moment is tried once more.
UPDATE outbox
SET due_at = CASE WHEN due_at < $3 THEN due_at ELSE $3 END,
    generation = generation + 1
WHERE id IN (SELECT outbox_id FROM parked_deliveries WHERE guild_id = $1 AND channel_id = $2)
