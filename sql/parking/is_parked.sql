SELECT outbox_id FROM parked_deliveries WHERE outbox_id = $1
