-- Whether write-ahead log can be read by SQL here, and how.
-- Parameters: none.
-- Columns: schema text (that of the extension pg_walinspect; no row where the database does not have it), segment_bytes int8,
-- in_recovery bool.
-- Server: 13.
select n.nspname::pg_catalog.text as schema,
       (select s.setting::pg_catalog.int8 from pg_catalog.pg_settings as s where s.name = 'wal_segment_size') as segment_bytes,
       pg_catalog.pg_is_in_recovery() as in_recovery
  from pg_catalog.pg_extension as e
  join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
 where e.extname = 'pg_walinspect'
