-- Tables of a database, to be counted.
-- Parameters: none.
-- Columns: schema text, name text, is_partitioned bool, root_schema text, root_name text (the table
-- that it is a partition of, at any depth; NULL of others).
-- Server: 13.
-- Filters: relation kinds `r` and `p`; partitions are listed beside the table that they are of.
select n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name,
       c.relkind = 'p' as is_partitioned,
       r.root_schema,
       r.root_name
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  left join lateral
       (select o.nspname::pg_catalog.text as root_schema, t.relname::pg_catalog.text as root_name
          from pg_catalog.pg_class as t
          join pg_catalog.pg_namespace as o on o.oid = t.relnamespace
         where c.relispartition
           and t.oid = pg_catalog.pg_partition_root(c.oid)) as r on true
 where c.relkind in ('r', 'p')
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by n.nspname collate "C", c.relname collate "C"
