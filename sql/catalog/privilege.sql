-- What the user lacks among the privileges that a recovery needs.
-- Parameters: $1 text[] schemas, $2 text[] names, $3 text[] columns (null: the table as a whole; empty: any column), $4 text[]
-- privileges: one wanted table privilege per position; $5 text the schema that is meant for the ledger.
-- Columns: object text (database, schema, table, column, sequence, type, ledger_schema or ledger_table), schema text (empty for
-- a database), name text (empty for a schema), part text (the column, else empty), privilege text. No row: nothing is missing.
-- Server: 13.
-- Filters: a wanted table that is gone is drift, not a missing privilege. Where a whole table may not be read but some of its
-- columns may, those that may not are listed beside it: column privileges do not reach tableoid and ctid, which say what a row
-- is. A load table and a trial load have columns of the table's types, which are looked for in their schemas. The ledger's
-- schema needs CREATE on the database only as long as it does not exist, and its table CREATE on the schema. Without SELECT on
-- a sequence pg_sequences says NULL, which looks like "never called".
with wanted as (
    select c.oid, w.schema, w.name, w.part, w.privilege, n.oid as namespace,
           case when w.part is null then pg_catalog.has_table_privilege(c.oid, w.privilege)
                when w.part = '' then pg_catalog.has_any_column_privilege(c.oid, w.privilege)
                else pg_catalog.has_column_privilege(c.oid, w.part, w.privilege) end as granted
      from rows from (pg_catalog.unnest($1::pg_catalog.text[]),
                      pg_catalog.unnest($2::pg_catalog.text[]),
                      pg_catalog.unnest($3::pg_catalog.text[]),
                      pg_catalog.unnest($4::pg_catalog.text[])) as w (schema, name, part, privilege)
      join pg_catalog.pg_namespace as n on n.nspname = w.schema
      join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = w.name
), ledger as (
    select n.oid, n.nspname as schema, c.oid as relation
      from pg_catalog.pg_namespace as n
      left join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = 'ledger'
     where n.nspname = $5
), brought as (
    select c.oid, l.schema
      from pg_catalog.pg_class as c
      join ledger as l on l.oid = c.relnamespace
     where c.relname = 'brought'
)
select case when w.part <> '' then 'column' else 'table' end collate "C" as object,
       w.schema collate "C" as schema,
       w.name collate "C" as name,
       coalesce(w.part, '') collate "C" as part,
       w.privilege collate "C" as privilege
  from wanted as w
 where not w.granted
union
select 'column', w.schema, w.name, a.attname::pg_catalog.text, w.privilege
  from wanted as w
  join pg_catalog.pg_attribute as a on a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped
 where w.part is null
   and w.privilege = 'SELECT'
   and not w.granted
   and pg_catalog.has_any_column_privilege(w.oid, 'SELECT')
   and not pg_catalog.has_column_privilege(w.oid, a.attnum, 'SELECT')
union
select 'schema', w.schema, '', '', 'USAGE'
  from wanted as w
 where not pg_catalog.has_schema_privilege(w.namespace, 'USAGE')
union
select 'type', n.nspname, t.typname, '', 'USAGE'
  from wanted as w
  join pg_catalog.pg_attribute as a on a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type as l on l.oid = a.atttypid
  join pg_catalog.pg_type as t on t.oid = case when l.typlen = -1 and l.typelem <> 0 then l.typelem else l.oid end
  join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
 where w.privilege <> 'SELECT'
   and not pg_catalog.has_type_privilege(a.atttypid, 'USAGE')
union
select 'schema', n.nspname, '', '', 'USAGE'
  from wanted as w
  join pg_catalog.pg_attribute as a on a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type as t on t.oid = a.atttypid
  join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
 where w.privilege <> 'SELECT'
   and not pg_catalog.has_schema_privilege(n.oid, 'USAGE')
union
select 'sequence', n.nspname, c.relname, '', p.privilege
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 cross join (values ('SELECT'), ('UPDATE')) as p (privilege)
 where c.relkind = 'S'
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
   and not pg_catalog.has_sequence_privilege(c.oid, p.privilege)
   and not exists (
       select
         from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.objid = c.oid
          and d.refobjid in (select l.relation from ledger as l union select b.oid from brought as b))
union
select 'database', '', pg_catalog.current_database(), '', 'TEMPORARY'
 where not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')
union
select 'database', '', pg_catalog.current_database(), '', 'CREATE'
 where not exists (select from ledger)
   and not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
union
select 'ledger_schema', l.schema, '', '', p.privilege
  from ledger as l
 cross join (values ('CREATE'), ('USAGE')) as p (privilege)
 where not pg_catalog.has_schema_privilege(l.oid, p.privilege)
   and (l.relation is null or p.privilege = 'USAGE')
union
select 'ledger_table', l.schema, 'ledger', '', p.privilege
  from ledger as l
 cross join (values ('SELECT'), ('INSERT')) as p (privilege)
 where l.relation is not null
   and not pg_catalog.has_table_privilege(l.relation, p.privilege)
union
select 'ledger_schema', l.schema, '', '', 'CREATE'
  from ledger as l
 where l.relation is not null
   and not exists (select from brought)
   and not pg_catalog.has_schema_privilege(l.oid, 'CREATE')
union
select 'ledger_table', b.schema, 'brought', '', p.privilege
  from brought as b
 cross join (values ('SELECT'), ('INSERT')) as p (privilege)
 where not pg_catalog.has_table_privilege(b.oid, p.privilege)
 order by 1, 2, 3, 4, 5
