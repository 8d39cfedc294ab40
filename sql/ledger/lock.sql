-- Takes the lock that keeps a second merge or undo away from this database until the transaction ends.
-- Parameters: none.
-- Columns: bool (whether it was free).
-- Server: 13.
-- The number is "failback" in ASCII.
select pg_catalog.pg_try_advisory_xact_lock(7377293599041839979)
