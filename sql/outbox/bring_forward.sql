-- What is parked may be due until $3.
UPDATE outbox
SET due_at = $1
WHERE due_at > $2
  AND claimed_by IS NULL
  AND (due_at > $3 OR NOT EXISTS (SELECT 1 FROM parked_deliveries WHERE outbox_id = outbox.id))
