SELECT DISTINCT guild_id FROM parked_deliveries
