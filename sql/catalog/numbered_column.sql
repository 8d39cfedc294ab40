-- Of columns that sequences number: what their types hold, and whether this user may read them.
-- Parameters: $1 text[] schemas, $2 text[] tables, $3 text[] columns, one wanted column a position.
-- Columns: at int8 (its position, from 1), least int8, greatest int8, schema_open bool, may_read bool, shielded bool (policies
-- would hide rows from this user), foreign_rows bool (rows of it live on another server). No row: it is not there, or holds
-- no whole numbers.
-- Server: 13.
select w.at,
       case t.base when 'int2' then -32768 when 'int4' then -2147483648 else -9223372036854775808 end::pg_catalog.int8 as least,
       case t.base when 'int2' then 32767 when 'int4' then 2147483647 else 9223372036854775807 end::pg_catalog.int8 as greatest,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') as schema_open,
       pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') as may_read,
       pg_catalog.row_security_active(c.oid) as shielded,
       exists (select
                 from pg_catalog.pg_partition_tree(c.oid) as p
                 join pg_catalog.pg_class as f on f.oid = p.relid
                where f.relkind = 'f') as foreign_rows
  from rows from (pg_catalog.unnest($1::pg_catalog.text[]),
                  pg_catalog.unnest($2::pg_catalog.text[]),
                  pg_catalog.unnest($3::pg_catalog.text[])) with ordinality as w (schema, name, part, at)
  join pg_catalog.pg_namespace as n on n.nspname = w.schema
  join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p')
  join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = w.part and not a.attisdropped
  join pg_catalog.pg_type as y on y.oid = a.atttypid
 cross join lateral (
       select pg_catalog.format_type(coalesce(nullif(y.typbasetype, 0), y.oid), null) as printed) as f
 cross join lateral (
       select case f.printed when 'smallint' then 'int2' when 'integer' then 'int4' when 'bigint' then 'int8' end as base) as t
 where t.base is not null
 order by w.at
