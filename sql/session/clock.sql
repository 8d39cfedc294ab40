-- What the server's clock shows now.
-- Parameters: none.
-- Columns: now_us int8 (microseconds since 1970-01-01 UTC).
-- Server: 13.
select (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8 as now_us
