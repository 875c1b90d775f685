-- What is refused together: how often it was, and when another one than $1 is tried next.
SELECT CAST(sum(parked.tries) AS BIGINT) AS tries,
       min(CASE WHEN parked.outbox_id <> $1 AND owed.claimed_by IS NULL THEN owed.due_at END) AS next_try
FROM parked_deliveries AS parked
JOIN outbox AS owed ON owed.id = parked.outbox_id
WHERE parked.guild_id = $2 AND parked.channel_id = $3 AND parked.cause = $4
