DELETE FROM leases WHERE name = $1 AND process = $2
