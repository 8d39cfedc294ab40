-- What the types of columns are made of, as far as there is a composite type in them, step by step into attributes, elements
-- of arrays, and bounds of ranges.
-- Parameters: none.
-- Columns: type_oid oid (a column's type as declared), name text (the attribute of the column's own composite type that the
-- part belongs to; empty where that is an array or a range), path text (of the part: ".attribute", "[]", "<>"), type_sql text
-- (of the part: "record", "array", else the type, those of the estate without their schema).
-- Server: 13.
-- Filters: types without a composite one in them are what their name says. Domains are what they stand for. Multiranges are
-- not looked into: PostgreSQL 13 has none.
with recursive part (root, reached, typmod, name, path, place) as (
    select distinct a.atttypid, a.atttypid, -1, '' collate "C", '' collate "C", array[]::pg_catalog.int4[]
      from pg_catalog.pg_attribute as a
      join pg_catalog.pg_class as c on c.oid = a.attrelid
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      join pg_catalog.pg_type as t on t.oid = a.atttypid
     where c.relkind in ('r', 'p')
       and not c.relispartition
       and a.attnum > 0
       and not a.attisdropped
       and (t.typtype in ('c', 'd', 'r') or t.typelem <> 0)
       and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
     union all
    select p.root,
           s.reached,
           s.typmod,
           case when p.path = '' then s.name else p.name end,
           p.path || s.step,
           p.place || s.number
      from part as p
      join pg_catalog.pg_type as t on t.oid = p.reached
     cross join lateral (select a.atttypid as reached,
                                a.atttypmod as typmod,
                                a.attname::pg_catalog.text collate "C" as name,
                                ('.' || pg_catalog.quote_ident(a.attname)) collate "C" as step,
                                a.attnum::pg_catalog.int4 as number
                           from pg_catalog.pg_attribute as a
                          where t.typtype = 'c'
                            and a.attrelid = t.typrelid
                            and a.attnum > 0
                            and not a.attisdropped
                          union all
                         select t.typbasetype, t.typtypmod, '', '', 0
                          where t.typtype = 'd'
                          union all
                         select t.typelem, p.typmod, '', '[]', 0
                           from pg_catalog.pg_type as e
                          where e.oid = t.typelem
                            and e.typarray = t.oid
                          union all
                         select r.rngsubtype, -1, '', '<>', 0
                           from pg_catalog.pg_range as r
                          where r.rngtypid = t.oid) as s
)
select p.root as type_oid,
       p.name,
       p.path,
       case when t.typtype = 'c' then 'record'
            when exists (select from pg_catalog.pg_type as e where e.oid = t.typelem and e.typarray = t.oid) then 'array'
            when t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then pg_catalog.format_type(t.oid, p.typmod)
            else t.typname::pg_catalog.text end as type_sql
  from part as p
  join pg_catalog.pg_type as t on t.oid = p.reached
 where p.path <> ''
   and t.typtype <> 'd'
   and exists (select from part as q
                 join pg_catalog.pg_type as u on u.oid = q.reached
                where q.root = p.root
                  and u.typtype = 'c')
 order by p.root, p.place, p.path
