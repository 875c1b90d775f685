SELECT guild_id, channel_id, cause FROM parked_deliveries WHERE outbox_id = $1
