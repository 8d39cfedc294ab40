-- How many rows of each table of the database have been written, by the server's own counters.
-- Parameters: none.
-- Columns: table_oid oid, table_name text, inserted int8, updated int8, deleted int8, counts bool (whether the server counts).
-- Server: 13.
-- Filters: tables of the system are left out, as the server writes them itself; large objects are in one of them, and are not.
select s.relid as table_oid,
       (s.schemaname || '.' || s.relname)::pg_catalog.text as table_name,
       s.n_tup_ins as inserted,
       s.n_tup_upd as updated,
       s.n_tup_del as deleted,
       pg_catalog.current_setting('track_counts')::pg_catalog.bool as counts
  from pg_catalog.pg_stat_all_tables as s
 where s.schemaname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
    or (s.schemaname = 'pg_catalog' and s.relname = 'pg_largeobject')
 order by s.schemaname collate "C", s.relname collate "C"
