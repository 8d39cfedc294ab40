-- What the user lacks among the privileges that a recovery needs.
-- Parameters: $1 text[] schemas, $2 text[] names, $3 text[] privileges: one wanted table privilege per position.
-- Columns: object text (database, schema, table or sequence), schema text (empty for a database), name text (empty for a
-- schema), privilege text. No row: nothing is missing.
-- Server: 13.
-- Filters: a wanted table that is gone is drift, not a missing privilege. The ledger's schema needs CREATE on the database only as
-- long as it does not exist. Without SELECT on a sequence pg_sequences says NULL, which looks like "never called".
with wanted as (
    select w.schema, w.name, w.privilege
      from rows from (pg_catalog.unnest($1::pg_catalog.text[]),
                      pg_catalog.unnest($2::pg_catalog.text[]),
                      pg_catalog.unnest($3::pg_catalog.text[])) as w (schema, name, privilege)
), ledger as (
    select n.oid from pg_catalog.pg_namespace as n where n.nspname = 'failback'
)
select 'table' as object, w.schema, w.name, w.privilege
  from wanted as w
  join pg_catalog.pg_namespace as n on n.nspname = w.schema
  join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = w.name
 where not pg_catalog.has_table_privilege(c.oid, w.privilege)
union
select 'schema', w.schema, '', 'USAGE'
  from wanted as w
  join pg_catalog.pg_namespace as n on n.nspname = w.schema
 where not pg_catalog.has_schema_privilege(n.oid, 'USAGE')
union
select 'sequence', n.nspname, c.relname, p.privilege
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 cross join (values ('SELECT'), ('UPDATE')) as p (privilege)
 where c.relkind = 'S'
   and n.nspname <> 'failback'
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
   and not pg_catalog.has_sequence_privilege(c.oid, p.privilege)
union
select 'database', '', pg_catalog.current_database(), 'TEMPORARY'
 where not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')
union
select 'database', '', pg_catalog.current_database(), 'CREATE'
 where not exists (select from ledger)
   and not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
union
select 'schema', 'failback', '', p.privilege
  from ledger as l
 cross join (values ('CREATE'), ('USAGE')) as p (privilege)
 where not pg_catalog.has_schema_privilege(l.oid, p.privilege)
 order by 1, 2, 3, 4
