-- Of columns that sequences number: how their types write numbers and which they hold, and whether this user may read them.
-- Parameters: $1 text[] schemas, $2 text[] tables, $3 text[] columns, one wanted column a position.
-- Columns: at int8 (its position, from 1), form text (whole, fractional, text) or NULL (its values are no numbers), least int8,
-- greatest int8, schema_open bool, may_read bool, shielded bool (policies would hide rows from this user), foreign_rows bool
-- (rows of it live on another server). No row: it is not there.
-- Server: 13.
-- A domain holds what the innermost type of its chain holds. Of decimals and texts the digits before the point count. Beyond
-- 2^24 and 2^53 the two kinds of floats hold some whole numbers only.
select w.at,
       case when b.base in ('int2', 'int4', 'int8') then 'whole'
            when b.base in ('numeric', 'float4', 'float8') then 'fractional'
            when b.category = 'S' or b.base = 'oid' then 'text'
       end as form,
       (case when b.base = 'int2' then -32768
             when b.base = 'int4' then -2147483648
             when b.base in ('float4', 'float8') or b.digits <= 18 then 0 - g.greatest
             else -9223372036854775808
        end)::pg_catalog.int8 as least,
       g.greatest,
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
 cross join lateral (
       with recursive step (oid, typmod) as (
           select a.atttypid, a.atttypmod
           union all
           select d.typbasetype, d.typtypmod
             from step as s
             join pg_catalog.pg_type as d on d.oid = s.oid and d.typtype = 'd'
       )
       select case when y.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then y.typname end as base,
              y.typcategory as category,
              case when s.typmod < 4 then null
                   when y.oid = 'pg_catalog.numeric'::pg_catalog.regtype
                   then ((s.typmod - 4) >> 16) - ((((s.typmod - 4) & 2047) # 1024) - 1024)
                   when y.oid in ('pg_catalog.varchar'::pg_catalog.regtype, 'pg_catalog.bpchar'::pg_catalog.regtype)
                   then s.typmod - 4
              end as digits
         from step as s
         join pg_catalog.pg_type as y on y.oid = s.oid and y.typtype <> 'd') as b
 cross join lateral (
       select (case when b.base = 'int2' then 32767
                    when b.base = 'int4' then 2147483647
                    when b.base = 'float4' then 16777216
                    when b.base = 'float8' then 9007199254740992
                    when b.base = 'oid' then 4294967295
                    when b.digits <= 18 then pg_catalog.power(10::pg_catalog.numeric, b.digits)::pg_catalog.int8 - 1
                    else 9223372036854775807
               end)::pg_catalog.int8 as greatest) as g
 order by w.at
