-- Constraints that no server has checked all rows against, and indexes that do not hold all rows.
-- Parameters: none.
-- Columns: kind text (constraint or index), schema text, table_name text, name text.
-- Server: 13.
select 'constraint' as kind,
       n.nspname::pg_catalog.text as schema,
       t.relname::pg_catalog.text as table_name,
       c.conname::pg_catalog.text as name
  from pg_catalog.pg_constraint as c
  join pg_catalog.pg_class as t on t.oid = c.conrelid
  join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
 where not c.convalidated
   and c.contype in ('c', 'f', 'n')
 union all
select 'index', n.nspname::pg_catalog.text, t.relname::pg_catalog.text, x.relname::pg_catalog.text
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as x on x.oid = i.indexrelid
  join pg_catalog.pg_class as t on t.oid = i.indrelid
  join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
 where not i.indisvalid
 order by 1, 2, 3, 4
