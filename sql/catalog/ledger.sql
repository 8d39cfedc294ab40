-- The tables of failback's own ledger, in whichever schema they are, known by their names and all of their columns.
-- Parameters: none.
-- Columns: oid oid, schema text, name text (ledger or brought).
-- Server: 13.
-- Filters: a table of that name with other columns is a user's. What is looked for is what ledger/create.sql and
-- ledger/create_brought.sql make; an earlier failback made the latter without its last two columns.
select c.oid,
       n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join (values ('ledger', 'id bigint, plan_digest text, run_id text, action text, tables json, tool_version text, '
                          'transaction_id bigint, recorded_at timestamp with time zone'),
               ('brought', 'id bigint, relation text, stands boolean, keys bytea, transaction_id bigint, relation_id oid, '
                           'key text'),
               ('brought', 'id bigint, relation text, stands boolean, keys bytea, transaction_id bigint'))
       as known (name, columns) on known.name = c.relname
 where c.relkind = 'r'
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
   and known.columns = (
       select pg_catalog.string_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', '
                order by a.attnum)
         from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid
          and a.attnum > 0
          and not a.attisdropped)
 order by n.nspname collate "C", c.relname collate "C"
