SELECT CAST(pg_current_wal_insert_lsn() - CAST('0/0' AS PG_LSN) AS BIGINT) AS bytes
