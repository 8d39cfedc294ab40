-- Indexes for which something is worked out of a row: those on an expression, and those with a predicate. Where that fails, the
-- server refuses the row, whether or not the index is unique.
-- Parameters: none.
-- Columns: table_oid oid (the table, or the root of its partition tree), name text, entries text (what stands behind USING in
-- its definition, as far as WHERE), predicate text or NULL, bound text or NULL (for an index that only one partition has: which
-- rows belong there).
-- Server: 13.
-- Filters: an index that is not valid yet is kept up all the same. One that is attached to one of the parent's is a copy of it.
select coalesce(pg_catalog.pg_partition_root(i.indrelid)::pg_catalog.oid, i.indrelid) as table_oid,
       x.relname::pg_catalog.text as name,
       case when p.predicate is null then d.tail
            else pg_catalog.left(d.tail, - pg_catalog.length(' WHERE ' || p.predicate)) end as entries,
       p.predicate as predicate,
       case when c.relispartition then pg_catalog.pg_get_partition_constraintdef(c.oid) end as bound
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as x on x.oid = i.indexrelid
  join pg_catalog.pg_class as c on c.oid = i.indrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 cross join lateral (select pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate) as p
 cross join lateral (select pg_catalog.pg_get_indexdef(i.indexrelid) as whole,
                            pg_catalog.format('%I.%I USING ', n.nspname, c.relname) as head) as w
 cross join lateral (
       select pg_catalog.substr(w.whole, pg_catalog.strpos(w.whole, w.head) + pg_catalog.length(w.head)) as tail) as d
 where (i.indexprs is not null or i.indpred is not null)
   and i.indisready
   and i.indislive
   and c.relkind in ('r', 'p')
   and not x.relispartition
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by 1, x.relname collate "C", x.oid
