-- The check constraints of every table.
-- Parameters: none.
-- Columns: table_oid oid, name text, expression text (in parentheses), validated bool.
-- Server: 13.
-- Filters: partitions' constraints are left to their root. What is NOT ENFORCED (18) promises nothing; see foreign_key.sql.
select k.conrelid as table_oid,
       k.conname::pg_catalog.text as name,
       pg_catalog.pg_get_expr(k.conbin, k.conrelid) as expression,
       k.convalidated as validated
  from pg_catalog.pg_constraint as k
  join pg_catalog.pg_class as c on c.oid = k.conrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where k.contype = 'c'
   and coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true)
   and c.relkind in ('r', 'p')
   and not c.relispartition
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by k.conrelid, k.conname collate "C"
