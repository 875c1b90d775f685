-- Of what is refused together and not under way $6 is tried at $7, and the others but $1 after it.
UPDATE outbox
SET due_at = CASE WHEN id = $6 THEN CAST($7 AS BIGINT) ELSE CAST($8 AS BIGINT) END
WHERE due_at > $5
  AND id IN (
      SELECT outbox_id
      FROM parked_deliveries
      WHERE guild_id = $2 AND channel_id = $3 AND cause = $4 AND outbox_id <> $1
  )
