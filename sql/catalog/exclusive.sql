-- What no two rows of a table may share: its unique indexes, primary keys included, and its exclusion constraints, in a form in
-- which rows can be held against each other. unique_index.sql lists those that can serve as a key.
-- Parameters: none.
-- Columns: table_oid oid (the table, or the root of its partition tree), name text, expressions text[] (what is compared, on
-- bare column names), operators text[] (one for each, ready for SQL), predicate text or NULL, bound text or NULL (for an index
-- that only one partition has: which rows belong there), deferrable bool, overlap bool (an exclusion constraint),
-- nulls_not_distinct bool, uses text[] (every column that a row's place in the index depends on).
-- Server: 13.
-- Filters: see unique_index.sql for what is no promise. An index that is attached to one of the parent's is a copy of it. Key
-- columns whose operator is not known (an access method of an extension's) are left out; the index is then listed without
-- expressions. A collation is named where it is not the column's own, or, under an expression, not the default one (100). A
-- generated column depends on others, and an expression may read the whole row: then every column counts as used.
select coalesce(pg_catalog.pg_partition_root(i.indrelid)::pg_catalog.oid, i.indrelid) as table_oid,
       x.relname::pg_catalog.text as name,
       case when k.parts = i.indnkeyatts then k.expressions else '{}'::pg_catalog.text[] end as expressions,
       case when k.parts = i.indnkeyatts then k.operators else '{}'::pg_catalog.text[] end as operators,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
       case when c.relispartition then pg_catalog.pg_get_partition_constraintdef(c.oid) end as bound,
       not i.indimmediate as deferrable,
       i.indisexclusion as overlap,
       coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::pg_catalog.bool, false) as nulls_not_distinct,
       case when u.everything
            then array(select a.attname::pg_catalog.text
                         from pg_catalog.pg_attribute as a
                        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                        order by a.attnum)
            else u.names end as uses
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as x on x.oid = i.indexrelid
  join pg_catalog.pg_class as c on c.oid = i.indrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  left join pg_catalog.pg_constraint as e
    on e.conindid = i.indexrelid and e.conrelid = i.indrelid and e.contype in ('p', 'u', 'x')
 cross join lateral (
       select pg_catalog.count(*) as parts,
              coalesce(pg_catalog.array_agg(pg_catalog.pg_get_indexdef(i.indexrelid, p.position::pg_catalog.int4, false)
                || case when p.collation_oid in (0, coalesce(a.attcollation, 100)) then ''
                        else pg_catalog.format(' collate %I.%I', ln.nspname, l.collname) end
                order by p.position), '{}') as expressions,
              coalesce(pg_catalog.array_agg(pg_catalog.format('operator(%I.%s)', opn.nspname, op.oprname)
                order by p.position), '{}') as operators
         from rows from (pg_catalog.unnest(i.indclass::pg_catalog.oid[]), pg_catalog.unnest(i.indcollation::pg_catalog.oid[]),
                         pg_catalog.unnest(i.indkey::pg_catalog.int2[]), pg_catalog.unnest(e.conexclop)) with ordinality
           as p (opclass, collation_oid, attnum, exclusion_operator, position)
         join pg_catalog.pg_opclass as oc on oc.oid = p.opclass
         left join pg_catalog.pg_am as m on m.oid = oc.opcmethod
         left join pg_catalog.pg_amop as ao
           on ao.amopfamily = oc.opcfamily and ao.amoplefttype = oc.opcintype and ao.amoprighttype = oc.opcintype
          and ao.amopstrategy = 3 and m.amname = 'btree'
         join pg_catalog.pg_operator as op on op.oid = case when i.indisexclusion then p.exclusion_operator else ao.amopopr end
         join pg_catalog.pg_namespace as opn on opn.oid = op.oprnamespace
         left join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = p.attnum and p.attnum <> 0
         left join pg_catalog.pg_collation as l on l.oid = p.collation_oid
         left join pg_catalog.pg_namespace as ln on ln.oid = l.collnamespace
        where p.position <= i.indnkeyatts) as k
 cross join lateral (
       select coalesce(pg_catalog.array_agg(distinct a.attname::pg_catalog.text), '{}') as names,
              coalesce(pg_catalog.bool_or(used.attnum = 0 or a.attgenerated <> ''), false) as everything
         from (select key.attnum
                 from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as key (attnum, position)
                where key.attnum <> 0 and key.position <= i.indnkeyatts
               union
               select d.refobjsubid
                 from pg_catalog.pg_depend as d
                where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and d.objid = i.indexrelid
                  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and d.refobjid = i.indrelid) as used
         left join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = used.attnum and used.attnum <> 0) as u
 where (i.indisunique or i.indisexclusion)
   and i.indisvalid
   and i.indisready
   and i.indislive
   and c.relkind in ('r', 'p')
   and not x.relispartition
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by 1, x.relname collate "C", x.oid
