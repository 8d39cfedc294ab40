-- Every sequence, how far it has come and which column it feeds.
-- Parameters: none.
-- Columns: sequence_oid oid, schema text, name text, last_value int8 or NULL (never called, or not to be read by this user: see
-- privilege.sql), increment int8, owner_schema, owner_table, owner_column text or all NULL.
-- Server: 13.
-- Filters: dependency type `a` is OWNED BY (serial), `i` is identity. Which schemas count is decided with relation.sql, whose rows
-- these join.
select c.oid as sequence_oid,
       s.schemaname::pg_catalog.text as schema,
       s.sequencename::pg_catalog.text as name,
       s.last_value,
       s.increment_by as increment,
       o.schema as owner_schema,
       o.name as owner_table,
       o.column_name as owner_column
  from pg_catalog.pg_sequences as s
  join pg_catalog.pg_namespace as n on n.nspname = s.schemaname
  join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = s.sequencename
  left join lateral (
       select tn.nspname::pg_catalog.text as schema,
              t.relname::pg_catalog.text as name,
              a.attname::pg_catalog.text as column_name
         from pg_catalog.pg_depend as d
         join pg_catalog.pg_class as t on t.oid = d.refobjid
         join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
         join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = d.refobjsubid
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.objid = c.oid
          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.refobjsubid > 0
          and d.deptype in ('a', 'i')
        limit 1) as o on true
 where n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by s.schemaname collate "C", s.sequencename collate "C"
