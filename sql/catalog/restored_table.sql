-- Tables of a database, to be counted.
-- Parameters: none.
-- Columns: schema text, name text, is_partitioned bool, is_partition bool.
-- Server: 13.
-- Filters: relation kinds `r` and `p`; partitions are listed beside the table that they are of.
select n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name,
       c.relkind = 'p' as is_partitioned,
       c.relispartition as is_partition
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p')
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by n.nspname collate "C", c.relname collate "C"
