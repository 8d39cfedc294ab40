-- The checks that rows of a table need not ever have passed: those that are NOT VALID, of the table itself and of the
-- domains of its columns, in arrays, ranges and composites too, with the statements that lift each within a transaction and
-- put it back as it is.
-- Parameters: $1 text the table, quoted.
-- Columns: name text, of_table bool (else of a domain), inherited bool (it is inherited, or stands in a child or partition in
-- its own right), lift text, restore text (both NULL where it is inherited, has a comment in a child or partition of another
-- owner's, or this user may not).
-- Server: 13.
-- Filters: what is NOT ENFORCED (18) promises nothing; see foreign_key.sql.
with recursive column_type (oid) as (
    select a.atttypid
      from pg_catalog.pg_attribute as a
     where a.attrelid = pg_catalog.to_regclass($1)::pg_catalog.oid
       and a.attnum > 0
       and not a.attisdropped
     union
    select n.oid
      from column_type as s
      join pg_catalog.pg_type as d on d.oid = s.oid
     cross join lateral
           (select d.typbasetype as oid where d.typtype = 'd'
             union all
            select d.typelem where d.typtype = 'b' and d.typelem <> 0
             union all
            select g.rngsubtype from pg_catalog.pg_range as g where g.rngtypid = d.oid
             union all
            select a.atttypid
              from pg_catalog.pg_attribute as a
             where d.typtype = 'c' and a.attrelid = d.typrelid and a.attnum > 0 and not a.attisdropped) as n
), below (oid) as (
    select i.inhrelid
      from pg_catalog.pg_inherits as i
     where i.inhparent = pg_catalog.to_regclass($1)::pg_catalog.oid
     union
    select i.inhrelid
      from below as b
      join pg_catalog.pg_inherits as i on i.inhparent = b.oid
), copies as (
    select p.conrelid, p.conname, p.conislocal, p.convalidated, d.description, r.relowner
      from below as b
      join pg_catalog.pg_constraint as p on p.conrelid = b.oid
      join pg_catalog.pg_class as r on r.oid = b.oid
      left join pg_catalog.pg_description as d on d.objoid = p.oid
            and d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
            and d.objsubid = 0
)
select k.conname::pg_catalog.text as name,
       k.contypid = 0 as of_table,
       o.inherited,
       case when o.owns and not o.inherited then
         pg_catalog.format('alter %s %s drop constraint %I', o.kind, o.name, k.conname) end as lift,
       case when o.owns and not o.inherited then
         pg_catalog.concat_ws('; ',
           pg_catalog.format('alter %s %s add constraint %I %s', o.kind, o.name, k.conname,
             pg_catalog.pg_get_constraintdef(k.oid)),
           pg_catalog.format('comment on constraint %I on %s%s is %L', k.conname,
             case when k.contypid = 0 then '' else 'domain ' end, o.name, c.description),
           (select pg_catalog.string_agg(pg_catalog.format('comment on constraint %I on %s is %L', k.conname,
                     f.conrelid::pg_catalog.regclass, f.description), '; ' order by f.conrelid)
              from copies as f
             where f.conname = k.conname
               and k.contypid = 0)
         ) end as restore
  from pg_catalog.pg_constraint as k
  left join pg_catalog.pg_class as r on r.oid = k.conrelid
  left join pg_catalog.pg_type as d on d.oid = k.contypid
  left join pg_catalog.pg_description as c on c.objoid = k.oid
        and c.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
        and c.objsubid = 0
 cross join lateral
       (select case when k.contypid = 0 then 'table' else 'domain' end as kind,
               case when k.contypid = 0 then k.conrelid::pg_catalog.regclass::pg_catalog.text
                    else k.contypid::pg_catalog.regtype::pg_catalog.text end as name,
               pg_catalog.pg_has_role(coalesce(r.relowner, d.typowner), 'USAGE')
                 and not exists (select from copies as p
                                  where p.conname = k.conname
                                    and k.contypid = 0
                                    and p.description is not null
                                    and not pg_catalog.pg_has_role(p.relowner, 'USAGE')) as owns,
               k.coninhcount > 0
                 or exists (select from copies as p
                             where p.conname = k.conname
                               and k.contypid = 0
                               and (p.conislocal or p.convalidated)) as inherited) as o
 where k.contype = 'c'
   and not k.convalidated
   and coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true)
   and (k.conrelid = pg_catalog.to_regclass($1)::pg_catalog.oid or k.contypid in (select t.oid from column_type as t))
 order by k.conname collate "C", k.oid
