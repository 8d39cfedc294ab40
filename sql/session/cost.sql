-- How far the server's write-ahead log is, and how much room the database takes: what a transaction costs is the difference.
-- Parameters: none.
-- Columns: log_bytes int8 (since the log's beginning), database_bytes int8.
-- Server: 13.
select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::pg_catalog.int8 as log_bytes,
       pg_catalog.pg_database_size(pg_catalog.current_database()) as database_bytes
