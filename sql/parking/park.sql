INSERT INTO parked_deliveries (outbox_id, guild_id, channel_id, cause, tries)
VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (outbox_id) DO UPDATE
SET guild_id = excluded.guild_id,
    channel_id = excluded.channel_id,
    cause = excluded.cause,
    tries = CASE WHEN parked_deliveries.tries < $5 THEN parked_deliveries.tries + 1 ELSE $5 END
