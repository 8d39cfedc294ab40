-- The user triggers of every table.
-- Parameters: none.
-- Columns: table_oid oid, name text, enabled "char" (tgenabled).
-- Server: 13.
-- Filters: internal triggers are how the server does foreign keys and deferrable keys. Partitions' triggers are left to their
-- root, of which most are copies.
select g.tgrelid as table_oid,
       g.tgname::pg_catalog.text as name,
       g.tgenabled as enabled
  from pg_catalog.pg_trigger as g
  join pg_catalog.pg_class as c on c.oid = g.tgrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where not g.tgisinternal
   and c.relkind in ('r', 'p')
   and not c.relispartition
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by g.tgrelid, g.tgname collate "C"
