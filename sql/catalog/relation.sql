-- Every relation that could hold or show rows, and every sequence, with the facts that say what it is.
-- Parameters: none.
-- Columns: oid oid, schema text, name text, kind "char" (relkind), partition bool, extension_owned bool (itself or the root of
-- its partition tree, configuration tables apart), inherits bool and inherited bool (old-style inheritance, as child and as
-- parent), size_bytes int8, row_estimate int8, row_security bool (for this user, on this relation alone).
-- Server: 13.
-- Filters: indexes, TOAST tables and composite types hold no rows of their own. The system's schemas and other sessions'
-- temporary ones are not part of an estate. What an extension marks as its configuration is the users' data, as for pg_dump.
select c.oid,
       n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name,
       c.relkind as kind,
       c.relispartition as partition,
       exists (select
                 from pg_catalog.pg_depend as d
                where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and d.objid in (c.oid, pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid)
                  and d.objsubid = 0
                  and d.deptype = 'e')
         and not exists (select
                           from pg_catalog.pg_extension as e
                          where e.extconfig && array[c.oid, pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid])
         as extension_owned,
       not c.relispartition
         and exists (select from pg_catalog.pg_inherits as i where i.inhrelid = c.oid) as inherits,
       c.relkind = 'r'
         and exists (select from pg_catalog.pg_inherits as i where i.inhparent = c.oid) as inherited,
       case when c.relkind in ('r', 'm')
            then coalesce(pg_catalog.pg_table_size(c.oid), 0)
            else 0 end as size_bytes,
       greatest(c.reltuples, 0)::pg_catalog.int8 as row_estimate,
       c.relkind in ('r', 'p') and pg_catalog.row_security_active(c.oid) as row_security
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by n.nspname collate "C", c.relname collate "C"
