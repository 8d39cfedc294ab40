-- The unique indexes of every table, primary keys included.
-- Parameters: none.
-- Columns: table_oid oid, name text, columns text[] (empty if the index has an expression), primary_key bool, predicate text or
-- NULL, deferrable bool, nulls_not_distinct bool, not_null bool.
-- Server: 15.
-- Filters: an index that is not valid, ready and live (a failed CREATE INDEX CONCURRENTLY, a partitioned index that some
-- partition lacks) promises nothing. An exclusion index (WITHOUT OVERLAPS, 18) compares by overlap, not by equality: see
-- exclusive.sql. Partitions' own copies say nothing that the root's index does not. INCLUDE columns stand behind indnkeyatts
-- and are no key. From 18 on attnotnull may stand for a NOT VALID constraint, under which NULLs may exist.
select i.indrelid as table_oid,
       x.relname::pg_catalog.text as name,
       case when i.indexprs is null then k.names else '{}'::pg_catalog.text[] end as columns,
       i.indisprimary as primary_key,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
       not i.indimmediate as deferrable,
       i.indnullsnotdistinct as nulls_not_distinct,
       i.indexprs is null and k.not_null as not_null
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as x on x.oid = i.indexrelid
  join pg_catalog.pg_class as c on c.oid = i.indrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 cross join lateral (
       select coalesce(pg_catalog.array_agg(a.attname::pg_catalog.text order by u.position), '{}') as names,
              coalesce(pg_catalog.bool_and(a.attnotnull and not exists (
                  select
                    from pg_catalog.pg_constraint as v
                   where v.conrelid = i.indrelid
                     and v.contype = 'n'
                     and not v.convalidated
                     and v.conkey[1] = a.attnum)), false) as not_null
         from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as u (attnum, position)
         join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = u.attnum
        where u.position <= i.indnkeyatts) as k
 where i.indisunique
   and not i.indisexclusion
   and i.indisvalid
   and i.indisready
   and i.indislive
   and c.relkind in ('r', 'p')
   and not c.relispartition
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by i.indrelid, i.indisprimary desc, x.relname collate "C"
