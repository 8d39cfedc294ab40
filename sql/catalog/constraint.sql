-- The check and exclusion constraints of every table.
-- Parameters: none.
-- Columns: table_oid oid, name text, exclusion bool, expression text (of a check, in parentheses; NULL for an exclusion),
-- definition text (as pg_get_constraintdef prints it), deferrable bool, validated bool.
-- Server: 13.
-- Filters: partitions' constraints are left to their root. What is NOT ENFORCED (18) promises nothing; see foreign_key.sql. A key
-- WITHOUT OVERLAPS (18) is called a unique or primary key but rests on an exclusion index, so it is listed as what it does.
select k.conrelid as table_oid,
       k.conname::pg_catalog.text as name,
       k.contype <> 'c' as exclusion,
       case when k.contype = 'c' then pg_catalog.pg_get_expr(k.conbin, k.conrelid) end as expression,
       pg_catalog.pg_get_constraintdef(k.oid) as definition,
       k.condeferrable as deferrable,
       k.convalidated as validated
  from pg_catalog.pg_constraint as k
  join pg_catalog.pg_class as c on c.oid = k.conrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  left join pg_catalog.pg_index as i on i.indexrelid = k.conindid
 where (k.contype = 'c' or (k.contype in ('p', 'u', 'x') and i.indisexclusion))
   and pg_catalog.pg_get_constraintdef(k.oid) not like '% NOT ENFORCED'
   and c.relkind in ('r', 'p')
   and not c.relispartition
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by k.conrelid, k.conname collate "C"
