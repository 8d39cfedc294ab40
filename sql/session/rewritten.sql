-- The parts of a table, as the transaction's snapshot has them, whose rows of then can no longer be read: those that were
-- emptied or rewritten since, dropped, or taken out of the table.
-- Parameters: $1 text schema, $2 text name of the table.
-- Columns: name text.
-- Server: 13.
-- What is read from the tables of the catalog is as of the snapshot; what its functions answer is as of now. Neither TRUNCATE
-- nor a rewrite heeds snapshots. VACUUM FULL and CLUSTER do, and cannot be told from the others.
with recursive part (oid, root) as (
    select c.oid, c.oid
      from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where n.nspname = $1
       and c.relname = $2
     union
    select i.inhrelid, p.root
      from part as p
      join pg_catalog.pg_class as c on c.oid = p.oid and c.relkind = 'p'
      join pg_catalog.pg_inherits as i on i.inhparent = p.oid
)
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
  from part as p
  join pg_catalog.pg_class as c on c.oid = p.oid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where c.relfilenode <> 0 and c.relfilenode is distinct from pg_catalog.pg_relation_filenode(p.oid)
    or p.oid <> p.root and not exists (select from pg_catalog.pg_partition_tree(p.root) as t where t.relid = p.oid)
 order by 1
