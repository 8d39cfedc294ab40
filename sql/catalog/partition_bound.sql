-- The conditions under which a row belongs to a leaf of a partition tree, as the server prints them.
-- Parameters: $1 text schema, $2 text name of the tree's root.
-- Columns: bound text (column names are bare, other names carry their schema); null for a leaf that takes every row.
-- Server: 13.
select pg_catalog.pg_get_partition_constraintdef(t.relid) as bound
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 cross join lateral pg_catalog.pg_partition_tree(c.oid) as t
 where n.nspname = $1
   and c.relname = $2
   and c.relkind = 'p'
   and t.isleaf
   and t.level > 0
