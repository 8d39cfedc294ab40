-- What every table's definition uses beyond the builtin: the types of its columns, with those that they are made of; the
-- functions that its defaults, generated columns, checks, indexes, partition keys and the conditions of its triggers call,
-- those of its partitions and of its columns' domains included; and those that say whether two keys are equal, by which rows
-- are found.
-- Parameters: none.
-- Columns: schema text, name text (of the table), sort text (type, function or equality), used_schema text, used_name text,
-- arguments text (of a function: the types, as SQL), open bool (whether everybody may use it, or no right is asked for),
-- granted bool (whether this user may).
-- Server: 13.
-- Filters: pg_catalog is open to everybody. A trigger's own function is not asked for a right when it fires. What a function
-- calls is known only where its body was parsed when it was made.
with recursive part (root, oid) as (
    select c.oid, c.oid
      from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p')
       and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
     union
    select p.root, i.inhrelid
      from part as p
      join pg_catalog.pg_inherits as i on i.inhparent = p.oid
      join pg_catalog.pg_class as c on c.oid = i.inhrelid and c.relispartition
), type (root, oid, asked) as (
    -- The right to use an array is that to use its element, and so with multiranges and ranges.
    select p.root, a.atttypid, true
      from part as p
      join pg_catalog.pg_attribute as a on a.attrelid = p.oid and a.attnum > 0 and not a.attisdropped
     where p.oid = p.root
     union
    select t.root, o.oid, t.asked and o.asked
      from type as t
      join pg_catalog.pg_type as y on y.oid = t.oid
     cross join lateral (
        select y.typelem, true where y.typlen = -1 and y.typelem <> 0
         union all
        select y.typbasetype, false where y.typtype = 'd'
         union all
        select r.rngsubtype, false from pg_catalog.pg_range as r where r.rngtypid = y.oid
         union all
        select d.refobjid, true
          from pg_catalog.pg_depend as d
         where y.typtype = 'm'
           and d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
           and d.objid = y.oid
           and d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
           and d.deptype = 'i'
         union all
        select a.atttypid, false
          from pg_catalog.pg_attribute as a
         where y.typtype = 'c' and a.attrelid = y.typrelid and a.attnum > 0 and not a.attisdropped
     ) as o (oid, asked)
), definition (root, class, oid) as (
    select p.root, 'pg_catalog.pg_class'::pg_catalog.regclass, p.oid
      from part as p
     union all
    select p.root, 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
      from part as p
      join pg_catalog.pg_index as i on i.indrelid = p.oid
     union all
    select p.root, 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid
      from part as p
      join pg_catalog.pg_attrdef as d on d.adrelid = p.oid
     union all
    select p.root, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
      from part as p
      join pg_catalog.pg_constraint as k on k.conrelid = p.oid
     union all
    select t.root, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
      from type as t
      join pg_catalog.pg_constraint as k on k.contypid = t.oid and t.oid <> 0
     union all
    select p.root, 'pg_catalog.pg_trigger'::pg_catalog.regclass, g.oid
      from part as p
      join pg_catalog.pg_trigger as g on g.tgrelid = p.oid
), operator (root, oid) as (
    select f.root, d.refobjid
      from definition as f
      join pg_catalog.pg_depend as d on d.classid = f.class and d.objid = f.oid
     where d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
     union
    select p.root, x.operator
      from part as p
      join pg_catalog.pg_constraint as k on k.conrelid = p.oid
     cross join lateral pg_catalog.unnest(k.conexclop) as x (operator)
), equality (root, oid) as (
    select p.root, e.oprcode
      from part as p
      join pg_catalog.pg_index as i on i.indrelid = p.oid and i.indisunique
     cross join lateral pg_catalog.unnest(i.indclass::pg_catalog.oid[]) as w (opclass)
      join pg_catalog.pg_opclass as o on o.oid = w.opclass
      join pg_catalog.pg_am as h on h.oid = o.opcmethod and h.amname = 'btree'
      join pg_catalog.pg_amop as m
        on m.amopfamily = o.opcfamily
       and m.amoplefttype = o.opcintype
       and m.amoprighttype = o.opcintype
       and m.amopstrategy = 3
      join pg_catalog.pg_operator as e on e.oid = m.amopopr
), called (root, oid) as (
    select f.root, d.refobjid
      from definition as f
      join pg_catalog.pg_depend as d on d.classid = f.class and d.objid = f.oid
      left join pg_catalog.pg_trigger as g on f.class = 'pg_catalog.pg_trigger'::pg_catalog.regclass and g.oid = f.oid
     where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
       and d.refobjid is distinct from g.tgfoid
     union
    select r.root, o.oprcode
      from operator as r
      join pg_catalog.pg_operator as o on o.oid = r.oid
     union
    select c.root, d.refobjid
      from called as c
      join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = c.oid
     where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
), used (root, sort, namespace, name, arguments, open, granted) as (
    select t.root, 'type', y.typnamespace, y.typname::pg_catalog.text, '',
           not t.asked
           or y.typlen = -1 and y.typelem <> 0
           or y.typtype = 'm'
           or pg_catalog.has_type_privilege('public', y.oid, 'USAGE'),
           not t.asked or pg_catalog.has_type_privilege(y.oid, 'USAGE')
      from type as t
      join pg_catalog.pg_type as y on y.oid = t.oid
     union
    select c.root, c.sort, f.pronamespace, f.proname::pg_catalog.text, pg_catalog.oidvectortypes(f.proargtypes),
           pg_catalog.has_function_privilege('public', f.oid, 'EXECUTE'),
           pg_catalog.has_function_privilege(f.oid, 'EXECUTE')
      from (select 'function', root, oid from called
             union all
            select 'equality', root, oid from equality) as c (sort, root, oid)
      join pg_catalog.pg_proc as f on f.oid = c.oid
)
select n.nspname::pg_catalog.text collate "C" as schema,
       c.relname::pg_catalog.text collate "C" as name,
       u.sort,
       un.nspname::pg_catalog.text collate "C" as used_schema,
       u.name collate "C" as used_name,
       u.arguments collate "C" as arguments,
       u.open,
       u.granted
  from used as u
  join pg_catalog.pg_class as c on c.oid = u.root
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_namespace as un on un.oid = u.namespace
 where un.nspname <> 'pg_catalog'
 order by 1, 2, 3, 4, 5, 6
