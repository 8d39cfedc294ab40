-- The foreign keys of every table.
-- Parameters: none.
-- Columns: table_oid oid (the child, or the root of its partition tree), name text, child_schema text, child_name text,
-- child_columns text[], parent_schema text, parent_name text, parent_columns text[], operator_schemas text[] and operator_names
-- text[] (parent = child, a pair a column), deferrable bool, match_full bool, validated bool, child_partitioned bool,
-- parent_partitioned bool, on_delete and on_update "char" (confdeltype, confupdtype), period bool (18: the last pair is a
-- range, and parents cover the child's together), child_part_schema and child_part_name text, parent_part_schema and
-- parent_part_name text (the partition that the key stands on, or points at; NULL for a whole table), child_bound and
-- parent_bound text or NULL (which rows belong to that partition).
-- Server: 13.
-- Filters: with conparentid set it is the copy of another key for one partition. A key that is NOT ENFORCED (18) promises
-- nothing; servers that lack a column answer NULL to the row as JSON.
select child.oid as table_oid,
       f.conname::pg_catalog.text as name,
       cn.nspname::pg_catalog.text as child_schema,
       child.relname::pg_catalog.text as child_name,
       k.child_columns,
       pn.nspname::pg_catalog.text as parent_schema,
       parent.relname::pg_catalog.text as parent_name,
       k.parent_columns,
       k.operator_schemas,
       k.operator_names,
       f.condeferrable as deferrable,
       f.confmatchtype = 'f' as match_full,
       f.convalidated as validated,
       child.relkind = 'p' as child_partitioned,
       parent.relkind = 'p' as parent_partitioned,
       f.confdeltype as on_delete,
       f.confupdtype as on_update,
       coalesce((pg_catalog.to_jsonb(f) ->> 'conperiod')::pg_catalog.bool, false) as period,
       case when f.conrelid <> child.oid then on_child.schema end as child_part_schema,
       case when f.conrelid <> child.oid then on_child.name end as child_part_name,
       case when f.confrelid <> parent.oid then on_parent.schema end as parent_part_schema,
       case when f.confrelid <> parent.oid then on_parent.name end as parent_part_name,
       case when f.conrelid <> child.oid then pg_catalog.pg_get_partition_constraintdef(f.conrelid) end as child_bound,
       case when f.confrelid <> parent.oid then pg_catalog.pg_get_partition_constraintdef(f.confrelid) end as parent_bound
  from pg_catalog.pg_constraint as f
  join pg_catalog.pg_class as child
    on child.oid = coalesce(pg_catalog.pg_partition_root(f.conrelid)::pg_catalog.oid, f.conrelid)
  join pg_catalog.pg_namespace as cn on cn.oid = child.relnamespace
  join pg_catalog.pg_class as parent
    on parent.oid = coalesce(pg_catalog.pg_partition_root(f.confrelid)::pg_catalog.oid, f.confrelid)
  join pg_catalog.pg_namespace as pn on pn.oid = parent.relnamespace
  join (select c.oid, n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name
          from pg_catalog.pg_class as c
          join pg_catalog.pg_namespace as n on n.oid = c.relnamespace) as on_child on on_child.oid = f.conrelid
  join (select c.oid, n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name
          from pg_catalog.pg_class as c
          join pg_catalog.pg_namespace as n on n.oid = c.relnamespace) as on_parent on on_parent.oid = f.confrelid
 cross join lateral (
       select pg_catalog.array_agg(ca.attname::pg_catalog.text order by u.position) as child_columns,
              pg_catalog.array_agg(pa.attname::pg_catalog.text order by u.position) as parent_columns,
              pg_catalog.array_agg(opn.nspname::pg_catalog.text order by u.position) as operator_schemas,
              pg_catalog.array_agg(op.oprname::pg_catalog.text order by u.position) as operator_names
         from rows from (pg_catalog.unnest(f.conkey), pg_catalog.unnest(f.confkey), pg_catalog.unnest(f.conpfeqop))
              with ordinality
           as u (child_attnum, parent_attnum, operator_oid, position)
         join pg_catalog.pg_operator as op on op.oid = u.operator_oid
         join pg_catalog.pg_namespace as opn on opn.oid = op.oprnamespace
         join pg_catalog.pg_attribute as ca on ca.attrelid = f.conrelid and ca.attnum = u.child_attnum
         join pg_catalog.pg_attribute as pa on pa.attrelid = f.confrelid and pa.attnum = u.parent_attnum) as k
 where f.contype = 'f'
   and f.conparentid = 0
   and coalesce((pg_catalog.to_jsonb(f) ->> 'conenforced')::pg_catalog.bool, true)
   and cn.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by child.oid, f.conname collate "C", f.oid
