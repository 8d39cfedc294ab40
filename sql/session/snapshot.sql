-- Which transactions the session sees, by the snapshot that it reads under.
-- Parameters: none.
-- Columns: snapshot text (all below the first number are over; from the second on none is; in between, those listed are not).
-- Server: 13.
select pg_catalog.pg_current_snapshot()::pg_catalog.text as snapshot
