-- Places in which something is refused for one cause.
SELECT count(*) AS places
FROM (SELECT DISTINCT guild_id, channel_id, cause FROM parked_deliveries) AS parked
