-- Where the rows of every table are: the table itself, or each partition that holds rows.
-- Parameters: none.
-- Columns: table_oid oid, oid oid, schema text, name text, blocks int8, size_bytes int8, heap bool, row_estimate int8 (NULL:
-- not known), row_security bool, foreign_table bool, unlogged bool, emptied bool (unlogged, on a standby, which has none of
-- its rows), inlines bool (whether whoever plans a query on it looks into functions of a user's: those in SQL that its
-- indexes and statistics call).
-- Server: 13.
-- Filters: none but the system's schemas; a foreign table may be a partition, and is listed since its rows live elsewhere.
-- A table that was never analysed has -1 rows, before 14 none; one that was analysed while it was empty has none. Without a
-- byte there are none indeed. Sizes are NULL for a table that was dropped a moment ago. An access method of another name may
-- still be the heap, so the handler is asked for.
select t.root as table_oid,
       l.oid,
       n.nspname::pg_catalog.text as schema,
       l.relname::pg_catalog.text as name,
       case when l.relkind = 'r' then coalesce(pg_catalog.pg_relation_size(l.oid), 0) else 0 end
         / pg_catalog.current_setting('block_size')::pg_catalog.int8 as blocks,
       case when l.relkind = 'r' then coalesce(pg_catalog.pg_table_size(l.oid), 0) else 0 end as size_bytes,
       coalesce(m.amhandler = 'pg_catalog.heap_tableam_handler'::pg_catalog.regproc, false) as heap,
       case when l.relkind <> 'r' or coalesce(pg_catalog.pg_relation_size(l.oid), 0) = 0 then 0
            when l.reltuples > 0 then l.reltuples::pg_catalog.int8 end as row_estimate,
       l.relkind = 'r' and pg_catalog.row_security_active(l.oid) as row_security,
       l.relkind = 'f' as foreign_table,
       l.relpersistence = 'u' as unlogged,
       l.relpersistence = 'u' and pg_catalog.pg_is_in_recovery() as emptied,
       exists (select from pg_catalog.pg_depend as d
                 left join pg_catalog.pg_operator as o on d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
                       and o.oid = d.refobjid
                 join pg_catalog.pg_proc as f on f.oid = coalesce(o.oprcode::pg_catalog.oid, d.refobjid)
                 join pg_catalog.pg_language as g on g.oid = f.prolang and g.lanname = 'sql'
                where (o.oid is not null or d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
                  and (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                         and d.objid in (select i.indexrelid from pg_catalog.pg_index as i where i.indrelid = l.oid)
                       or d.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
                         and d.objid in (select s.oid from pg_catalog.pg_statistic_ext as s where s.stxrelid = l.oid))
              ) as inlines
  from (select c.oid as root, c.oid as leaf
          from pg_catalog.pg_class as c
         where c.relkind = 'r'
           and not c.relispartition
        union all
        select c.oid, p.relid::pg_catalog.oid
          from pg_catalog.pg_class as c
         cross join lateral pg_catalog.pg_partition_tree(c.oid) as p
         where c.relkind = 'p'
           and not c.relispartition
           and p.isleaf) as t
  join pg_catalog.pg_class as l on l.oid = t.leaf
  join pg_catalog.pg_namespace as n on n.oid = l.relnamespace
  left join pg_catalog.pg_am as m on m.oid = l.relam
 where l.relkind in ('r', 'f')
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by t.root, n.nspname collate "C", l.relname collate "C"
