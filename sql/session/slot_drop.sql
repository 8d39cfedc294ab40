-- Drops a slot of a server, and lets go of the log that it held.
-- Parameters: $1 text its name.
-- Columns: dropped text, which nobody reads.
-- Server: 13.
select pg_catalog.pg_drop_replication_slot($1::pg_catalog.text::pg_catalog.name)::pg_catalog.text as dropped
