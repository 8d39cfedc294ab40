-- What a condition is made of, as the server has parsed it: the view that stands for it is about to be rolled back.
-- Parameters: $1 text name of the temporary view.
-- Columns: columns int8, type text of the first one, queries int4 (how many queries it is made of), gathers bool (whether it
-- gathers rows or makes several of one), volatile text (its functions that are VOLATILE, or NULL).
-- Server: 13.
with tree as (
    select w.ev_action::pg_catalog.text as nodes, c.oid
      from pg_catalog.pg_rewrite as w
      join pg_catalog.pg_class as c on c.oid = w.ev_class
     where c.relname = $1
       and c.relnamespace = pg_catalog.pg_my_temp_schema()),
called as (
    select (pg_catalog.regexp_matches(t.nodes, ':(?:funcid|aggfnoid|winfnoid) (\d+)', 'g'))[1]::pg_catalog.oid as function
      from tree as t
     union
    select o.oprcode::pg_catalog.oid
      from tree as t
     cross join lateral pg_catalog.regexp_matches(t.nodes, ':opnos? (?:\(o )?([0-9 ]+)', 'g') as m(numbers)
     cross join lateral pg_catalog.regexp_split_to_table(pg_catalog.btrim(m.numbers[1]), ' +') as n(number)
      join pg_catalog.pg_operator as o on o.oid = n.number::pg_catalog.oid)
select (select pg_catalog.count(*) from pg_catalog.pg_attribute as a where a.attrelid = t.oid and a.attnum > 0) as columns,
       (select pg_catalog.format_type(a.atttypid, null)
          from pg_catalog.pg_attribute as a
         where a.attrelid = t.oid
           and a.attnum = 1) as type,
       (select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.regexp_matches(t.nodes, '\{QUERY ', 'g')) as queries,
       t.nodes ~ '\{(AGGREF|WINDOWFUNC|GROUPINGFUNC|SUBLINK|NEXTVALUEEXPR) '
       or exists (select from called as f join pg_catalog.pg_proc as p on p.oid = f.function where p.proretset) as gathers,
       (select pg_catalog.string_agg(p.oid::pg_catalog.regprocedure::pg_catalog.text, ', ' order by p.oid)
          from called as f
          join pg_catalog.pg_proc as p on p.oid = f.function
         where p.provolatile = 'v') as volatile
  from tree as t
