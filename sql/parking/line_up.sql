-- Of what is refused together $5 is tried at $6, and the others but $1 after it.
UPDATE outbox
SET due_at = CASE WHEN id = $5 THEN CAST($6 AS BIGINT) ELSE CAST($7 AS BIGINT) END
WHERE claimed_by IS NULL
  AND id IN (
      SELECT outbox_id
      FROM parked_deliveries
      WHERE guild_id = $2 AND channel_id = $3 AND cause = $4 AND outbox_id <> $1
  )
