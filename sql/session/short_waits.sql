-- How long this session waits for a lock, and the number of its process, by which others see whom it waits for.
-- Parameters: $1 text the time, with its unit.
-- Columns: pid int4, set_config text, which nobody reads.
-- Server: 13.
select pg_catalog.pg_backend_pid() as pid,
       pg_catalog.set_config('lock_timeout', $1, false)
