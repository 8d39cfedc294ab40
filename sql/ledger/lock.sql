-- Takes the lock that keeps a second merge or undo away from this database until the transaction ends. No parameters.
-- Columns: boolean, whether it was free. The number is "failback" in ASCII. Least version: 13.
select pg_catalog.pg_try_advisory_xact_lock(7377293599041839979)
