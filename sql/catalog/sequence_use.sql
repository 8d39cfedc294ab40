-- What every sequence hands out at a time and begins with, and what this user may do with it.
-- Parameters: none.
-- Columns: schema text, name text, cache int8 (numbers that a session takes at a time), start int8, schema_open bool (USAGE),
-- may_read bool (SELECT), may_draw bool (USAGE or UPDATE), may_set bool (UPDATE), may_alter bool (its owner, or one of them).
-- Server: 13.
-- Which of them count is decided with sequence.sql, whose rows these join.
select s.schemaname::pg_catalog.text as schema,
       s.sequencename::pg_catalog.text as name,
       s.cache_size as cache,
       s.start_value as start,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') as schema_open,
       pg_catalog.has_sequence_privilege(c.oid, 'SELECT') as may_read,
       pg_catalog.has_sequence_privilege(c.oid, 'USAGE, UPDATE') as may_draw,
       pg_catalog.has_sequence_privilege(c.oid, 'UPDATE') as may_set,
       pg_catalog.pg_has_role(c.relowner, 'USAGE') as may_alter
  from pg_catalog.pg_sequences as s
  join pg_catalog.pg_namespace as n on n.nspname = s.schemaname
  join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = s.sequencename
 where n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
