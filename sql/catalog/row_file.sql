-- The relations that hold a table's rows, and the file in which each does: another one once the relation was rewritten.
-- Parameters: $1 text the table, quoted.
-- Columns: oid oid, file oid.
-- Server: 13.
-- pg_partition_tree knows partitioned tables and partitions alone.
select c.oid,
       c.relfilenode as file
  from (select pg_catalog.to_regclass($1)::pg_catalog.oid as oid
         union
        select p.relid
          from pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) as p) as t
  join pg_catalog.pg_class as c on c.oid = t.oid
 where c.relkind = 'r'
 order by c.oid
