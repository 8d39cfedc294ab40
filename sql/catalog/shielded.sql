-- The tables and partitions whose policies bind everybody but their owner and those who bypass them.
-- Parameters: none.
-- Columns: schema text, name text.
-- Server: 13.
select n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p')
   and c.relrowsecurity
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by n.nspname collate "C", c.relname collate "C"
