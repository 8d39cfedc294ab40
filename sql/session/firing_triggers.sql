-- The statements that silence the user triggers of a table and its partitions, and those that put each back into the mode it
-- has now: a trigger that is disabled, or fires always or on replicas only, must not come back as another. $1 text: the table,
-- quoted; $2 text: the modes in which triggers fire now (pg_trigger.tgenabled: 'OA', or 'RA' under the replica role). Columns: text, null where the trigger does not fire; text, null where it is not touched. The table comes before its
-- partitions, as its statements reach theirs. Before 15 a partition's copy of the root's trigger passes for internal, but may
-- have a mode of its own all the same; a foreign key's triggers have a constraint.
-- Least version: 13.
select case when pg_catalog.strpos($2, t.tgenabled::text) > 0 then
         pg_catalog.format('alter table %s%s disable trigger %I', x.only_it, t.tgrelid::pg_catalog.regclass, t.tgname) end,
       case when pg_catalog.strpos($2, t.tgenabled::text) > 0 or p.level > 0 then
         pg_catalog.format('alter table %s%s %s trigger %I', x.only_it, t.tgrelid::pg_catalog.regclass,
           case t.tgenabled when 'O' then 'enable' when 'A' then 'enable always' when 'R' then 'enable replica' else 'disable' end,
           t.tgname) end
  from (select pg_catalog.to_regclass($1)::pg_catalog.oid as relid, 0 as level
         union
        select p.relid::pg_catalog.oid, p.level from pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) p) p
  join pg_catalog.pg_trigger t on t.tgrelid = p.relid
 cross join lateral (select case when p.level > 0 then 'only ' else '' end as only_it) x
 where not t.tgisinternal or t.tgparentid <> 0 and t.tgconstraint = 0
 order by p.level, t.tgrelid, t.tgname
