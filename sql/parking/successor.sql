-- Whose turn is next after $1 of what is refused together and not under way in another process.
SELECT parked.outbox_id
FROM parked_deliveries AS parked
JOIN outbox AS owed ON owed.id = parked.outbox_id
WHERE parked.guild_id = $2 AND parked.channel_id = $3 AND parked.cause = $4
  AND parked.outbox_id <> $1 AND owed.claimed_by IS NULL
ORDER BY parked.tries, parked.outbox_id
LIMIT 1
