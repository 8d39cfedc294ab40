-- Takes a shared advisory lock for the session whose number nobody else has, so that another connection can look for it.
-- Parameters: none.
-- Columns: key int8 (the lock's number), taken bool. Any user may take it.
-- Server: 13.
select key, pg_catalog.pg_try_advisory_lock_shared(key) as taken
  from (select (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8
               # (pg_catalog.pg_backend_pid()::pg_catalog.int8 << 40) as key) as chosen
