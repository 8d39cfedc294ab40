-- What keeps the rows of tables as they should be, and finds them: constraints, indexes, triggers.
-- Parameters: none.
-- Columns: kind text (constraint, index or trigger), schema text, table_name text, name text.
-- Server: 13.
-- Filters: not of partitions, which come and go with what their table gives them; no index of a constraint, no trigger of the
-- server's own; no NOT NULL, which only 18 keeps as a constraint.
with of_table (kind, relid, name) as (
    select 'constraint', c.conrelid, c.conname
      from pg_catalog.pg_constraint as c
     where c.contype in ('c', 'f', 'p', 'u', 'x')
     union all
    select 'index', i.indrelid, x.relname
      from pg_catalog.pg_index as i
      join pg_catalog.pg_class as x on x.oid = i.indexrelid
     where not exists (select from pg_catalog.pg_constraint as c
                        where c.conindid = i.indexrelid
                          and c.contype in ('p', 'u', 'x'))
     union all
    select 'trigger', g.tgrelid, g.tgname
      from pg_catalog.pg_trigger as g
     where not g.tgisinternal
)
select o.kind::pg_catalog.text as kind,
       n.nspname::pg_catalog.text as schema,
       t.relname::pg_catalog.text as table_name,
       o.name::pg_catalog.text as name
  from of_table as o
  join pg_catalog.pg_class as t on t.oid = o.relid
  join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
 where t.relkind in ('r', 'p')
   and not t.relispartition
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by 1, 2, 3, 4
