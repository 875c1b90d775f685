INSERT INTO parked_deliveries (outbox_id, guild_id, channel_id, tries)
VALUES ($1, $2, $3, 1)
ON CONFLICT (outbox_id) DO UPDATE
SET guild_id = excluded.guild_id,
    channel_id = excluded.channel_id,
    tries = CASE WHEN parked_deliveries.tries < $4 THEN parked_deliveries.tries + 1 ELSE $4 END
RETURNING tries
