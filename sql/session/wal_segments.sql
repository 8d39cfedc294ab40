-- The segments of write-ahead log that are on a primary still, oldest first. Asked outside a transaction: a user who may not
-- ask is refused.
-- Parameters: none.
-- Columns: name text, written_us int8 (when it was last written: microseconds since 1970-01-01 UTC), flushed text (how far the
-- log is written by now).
-- Server: 13.
-- Files that are kept to be written later have names beyond the current one.
select w.name,
       (extract(epoch from w.modification) * 1000000)::pg_catalog.int8 as written_us,
       pg_catalog.pg_current_wal_flush_lsn()::pg_catalog.text as flushed
  from pg_catalog.pg_ls_waldir() as w
 where w.name ~ '^[0-9A-F]{24}$'
   and pg_catalog.left(w.name, 8) = pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_flush_lsn()), 8)
   and w.name collate "C" <= pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_flush_lsn()) collate "C"
 order by w.name collate "C"
