SELECT CAST(pid AS BIGINT) AS pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()
ORDER BY pid
