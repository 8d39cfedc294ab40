-- The columns of every table, domains resolved to what they stand for.
-- Parameters: none.
-- Columns: table_oid oid, name text, type_oid oid and type_sql text (as declared; for a domain the domain), base_sql
-- text, bare_sql text (without modifier), typmod int4, base text, base_schema text, builtin bool and type_kind text (of
-- the type that the domain stands for; base, array, composite, enum or range), casts_text bool (whether a function casts
-- it to text or text to it, so that such a cast may not be what the type's output and input functions do; a cast of
-- arrays is not seen), labels text[], not_null bool, generated bool, identity "char" (a, d or 0), has_default bool,
-- nondeterministic bool, hashed bool (whether the type, or for an array that of its elements, has a default operator
-- class that hashes equal values alike), number int2.
-- Server: 13.
-- Filters: dropped and system columns hold nothing that is carried. Partitions have the columns of their root.
-- A domain over a domain has no modifier of its own: the innermost one says it. NOT NULL and a default count wherever in the
-- chain they stand. An array is a type that another type names as its array; int2vector and its kin are plain types.
with recursive step (declared, reached, typmod, not_null, has_default, depth) as (
    select d.oid, d.typbasetype, d.typtypmod, d.typnotnull, d.typdefault is not null, 1
      from pg_catalog.pg_type as d
     where d.typtype = 'd'
    union all
    select s.declared,
           d.typbasetype,
           case when d.typtypmod = -1 then s.typmod else d.typtypmod end,
           s.not_null or d.typnotnull,
           s.has_default or d.typdefault is not null,
           s.depth + 1
      from step as s
      join pg_catalog.pg_type as d on d.oid = s.reached and d.typtype = 'd'
), resolved as (
    select distinct on (s.declared) s.*
      from step as s
     order by s.declared, s.depth desc
)
select a.attrelid as table_oid,
       a.attname::pg_catalog.text as name,
       a.atttypid as type_oid,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as type_sql,
       pg_catalog.format_type(t.oid, coalesce(r.typmod, a.atttypmod)) as base_sql,
       pg_catalog.format_type(t.oid, -1) as bare_sql,
       coalesce(r.typmod, a.atttypmod) as typmod,
       t.typname::pg_catalog.text as base,
       tn.nspname::pg_catalog.text as base_schema,
       t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace as builtin,
       case when t.typtype = 'c' then 'composite'
            when t.typtype = 'e' then 'enum'
            when t.typtype in ('r', 'm') then 'range'
            when exists (select from pg_catalog.pg_type as e where e.oid = t.typelem and e.typarray = t.oid) then 'array'
            else 'base' end as type_kind,
       exists (select from pg_catalog.pg_cast as k
                where k.castmethod = 'f'
                  and (k.castsource, k.casttarget) in (('pg_catalog.text'::pg_catalog.regtype, t.oid),
                                                       (t.oid, 'pg_catalog.text'::pg_catalog.regtype))
                  and not exists (select from pg_catalog.pg_type as e where e.typarray = t.oid)
                  and t.typarray <> 0) as casts_text,
       array(select l.enumlabel::pg_catalog.text
               from pg_catalog.pg_enum as l
              where l.enumtypid = t.oid
              order by l.enumsortorder) as labels,
       a.attnotnull or coalesce(r.not_null, false) as not_null,
       a.attgenerated <> '' as generated,
       a.attidentity as identity,
       a.attgenerated = '' and (a.atthasdef or coalesce(r.has_default, false)) as has_default,
       coalesce(not l.collisdeterministic, false) as nondeterministic,
       exists (select from pg_catalog.pg_opclass as o
                 join pg_catalog.pg_am as m on m.oid = o.opcmethod
                 join pg_catalog.pg_amproc as p on p.amprocfamily = o.opcfamily
                where m.amname = 'hash'
                  and o.opcdefault
                  and p.amproclefttype = o.opcintype
                  and p.amprocrighttype = o.opcintype
                  and p.amprocnum = 2
                  and (o.opcintype = t.oid
                       or t.oid = 'pg_catalog.varchar'::pg_catalog.regtype
                       and o.opcintype = 'pg_catalog.text'::pg_catalog.regtype
                       or exists (select from pg_catalog.pg_type as e
                                   where e.oid = t.typelem
                                     and e.typarray = t.oid
                                     and e.oid = o.opcintype))) as hashed,
       a.attnum as number
  from pg_catalog.pg_attribute as a
  join pg_catalog.pg_class as c on c.oid = a.attrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  left join resolved as r on r.declared = a.atttypid
  join pg_catalog.pg_type as t on t.oid = coalesce(r.reached, a.atttypid)
  join pg_catalog.pg_namespace as tn on tn.oid = t.typnamespace
  left join pg_catalog.pg_collation as l on l.oid = a.attcollation
 where c.relkind in ('r', 'p')
   and not c.relispartition
   and a.attnum > 0
   and not a.attisdropped
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by a.attrelid, a.attnum
