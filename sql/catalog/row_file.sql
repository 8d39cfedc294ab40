-- The relations that hold a table's rows, and the file in which each does: another one once the relation was rewritten.
-- Parameters: $1 text the table, quoted.
-- Columns: oid oid, file oid, schema name, name name, by_place bool: whether this user sees each row of it where it lies.
-- Server: 13.
-- pg_partition_tree knows partitioned tables and partitions alone. Policies of a partition are silent as long as it is read by
-- way of its table.
select c.oid,
       c.relfilenode as file,
       n.nspname as schema,
       c.relname as name,
       a.amname = 'heap' and not c.relrowsecurity and pg_catalog.has_table_privilege(c.oid, 'select')
         and pg_catalog.has_schema_privilege(n.oid, 'usage') as by_place
  from (select pg_catalog.to_regclass($1)::pg_catalog.oid as oid
         union
        select p.relid
          from pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) as p) as t
  join pg_catalog.pg_class as c on c.oid = t.oid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_am as a on a.oid = c.relam
 where c.relkind = 'r'
 order by c.oid
