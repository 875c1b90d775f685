SELECT outbox.id, outbox.kind, outbox.key, parked.guild_id, parked.channel_id, parked.cause
FROM outbox
LEFT JOIN parked_deliveries AS parked ON parked.outbox_id = outbox.id
WHERE outbox.id = $1 AND outbox.claimed_by IS NOT DISTINCT FROM $2
