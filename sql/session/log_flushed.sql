-- Whether the log is on disk up to a place: a slot is read no further. And whether replication brings rows to this server.
-- Parameters: $1 text the place.
-- Columns: is_flushed bool, has_origins bool.
-- Server: 13.
select pg_catalog.pg_current_wal_flush_lsn() >= $1::pg_catalog.text::pg_catalog.pg_lsn as is_flushed,
       exists (select from pg_catalog.pg_replication_origin) as has_origins
