-- Takes the lock that keeps every other merge and undo away from this database as long as this session lasts.
-- Parameters: none.
-- Columns: bool (whether it was free).
-- Server: 13.
-- The number is that of lock.sql: a session that holds it gets it in its transactions too.
select pg_catalog.pg_try_advisory_lock(7377293599041839979)
