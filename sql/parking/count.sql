SELECT count(*) AS parked FROM parked_deliveries
