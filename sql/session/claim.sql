-- Takes an advisory lock for as long as the session lives, or says that another session has it.
-- Parameters: $1 int8 (the lock's number).
-- Columns: taken bool. Who has it already may take it again.
-- Server: 13.
select pg_catalog.pg_try_advisory_lock($1) as taken
