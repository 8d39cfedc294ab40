-- The statements that silence the user triggers of a table and its partitions and the rules of the table, and those that put
-- each back into the mode it has now: one that is disabled, or fires always or on replicas only, must not come back as another.
-- Parameters: $1 text the table, quoted, $2 text the modes in which triggers fire now (pg_trigger.tgenabled: OA, or RA under
-- the replica role).
-- Columns: silence text (NULL where the trigger or rule does not fire), restore text (NULL where it is not touched), kind text
-- (trigger or rule).
-- Server: 13.
-- Filters: rules of partitions are left alone, as rows are written through the table. Before 15 a partition's copy of the
-- root's trigger passes for internal, but may have a mode of its own all the same; a foreign key's triggers have a constraint.
-- The table comes before its partitions, as its statements reach theirs.
select case when pg_catalog.strpos($2, t.enabled) > 0 then
         pg_catalog.format('alter table %s%s disable %s %I', t.only_it, t.relation, t.kind, t.name) end as silence,
       case when pg_catalog.strpos($2, t.enabled) > 0 or t.level > 0 then
         pg_catalog.format('alter table %s%s %s %s %I', t.only_it, t.relation,
           case t.enabled when 'O' then 'enable' when 'A' then 'enable always' when 'R' then 'enable replica'
             else 'disable' end,
           t.kind, t.name) end as restore,
       t.kind
  from (select p.level, case when p.level > 0 then 'only ' else '' end as only_it, g.tgrelid::pg_catalog.regclass as relation,
               'trigger' as kind, g.tgname as name, g.tgenabled::pg_catalog.text as enabled
          from (select pg_catalog.to_regclass($1)::pg_catalog.oid as relid, 0 as level
                 union
                select p.relid::pg_catalog.oid, p.level from pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) p) p
          join pg_catalog.pg_trigger g on g.tgrelid = p.relid
         where not g.tgisinternal or g.tgparentid <> 0 and g.tgconstraint = 0
         union all
        select 0, '', r.ev_class::pg_catalog.regclass, 'rule', r.rulename, r.ev_enabled::pg_catalog.text
          from pg_catalog.pg_rewrite r
         where r.ev_class = pg_catalog.to_regclass($1)::pg_catalog.oid
           and r.ev_type <> '1') t
 order by t.level, t.relation::pg_catalog.oid, t.kind, t.name
