-- Whether anybody has made a relation that holds rows in this database, or a sequence: `postgres`, which every server has, is
-- mostly empty.
-- Parameters: none.
-- Columns: has_relations bool.
-- Server: 13.
-- Filters: as for relations; what belongs to an extension was made with it.
select exists (
           select
             from pg_catalog.pg_class as c
             join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p', 'm', 'f', 'S')
              and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
              and not exists (select
                                from pg_catalog.pg_depend as d
                               where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                 and d.objid = c.oid
                                 and d.objsubid = 0
                                 and d.deptype = 'e')) as has_relations
