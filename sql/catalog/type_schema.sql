-- The schemas in which the types of every table's columns are, those of the elements of arrays and of what domains stand for
-- included.
-- Parameters: none.
-- Columns: schema text, name text (of the table), type_schema text.
-- Server: 13.
-- Filters: pg_catalog is open to everybody.
select distinct
       n.nspname::pg_catalog.text collate "C" as schema,
       c.relname::pg_catalog.text collate "C" as name,
       tn.nspname::pg_catalog.text collate "C" as type_schema
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type as y on y.oid = a.atttypid
  join pg_catalog.pg_type as t on t.oid in (y.oid, y.typbasetype, case when y.typlen = -1 then y.typelem end)
  join pg_catalog.pg_namespace as tn on tn.oid = t.typnamespace
 where c.relkind in ('r', 'p')
   and tn.nspname <> 'pg_catalog'
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by 1, 2, 3
