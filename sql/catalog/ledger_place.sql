-- What is in the schema that is meant for failback's ledger.
-- Parameters: $1 text the schema.
-- Columns: comment text or NULL, holds text (one thing in it, with its sort; NULL: it is empty), has_name_of_brought bool
-- (whether something is called as the ledger's second table), has_identity bool (whether that has the column by which a table
-- is known again under another name). No row: there is no such schema.
-- Server: 13.
select pg_catalog.obj_description(n.oid, 'pg_namespace') as comment,
       coalesce((select 'relation ' || pg_catalog.min(c.relname::pg_catalog.text collate "C")
                   from pg_catalog.pg_class as c
                  where c.relnamespace = n.oid),
                (select 'function ' || pg_catalog.min(p.proname::pg_catalog.text collate "C")
                   from pg_catalog.pg_proc as p
                  where p.pronamespace = n.oid),
                (select 'type ' || pg_catalog.min(t.typname::pg_catalog.text collate "C")
                   from pg_catalog.pg_type as t
                  where t.typnamespace = n.oid)) as holds,
       exists (select
                 from pg_catalog.pg_class as c
                where c.relnamespace = n.oid
                  and c.relname = 'brought') as has_name_of_brought,
       exists (select
                 from pg_catalog.pg_class as c
                 join pg_catalog.pg_attribute as a on a.attrelid = c.oid
                where c.relnamespace = n.oid
                  and c.relname = 'brought'
                  and a.attname = 'relation_id'
                  and not a.attisdropped) as has_identity
  from pg_catalog.pg_namespace as n
 where n.nspname = $1
