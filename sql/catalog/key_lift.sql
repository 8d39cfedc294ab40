-- The foreign keys that are NOT VALID and that this user may lift, with the statements that do so within a transaction and put
-- each back as it is. Lifting takes the child's owner, and putting back REFERENCES on the parent's columns.
-- Parameters: none.
-- Columns: child_schema text, child_name text, name text, lift text, restore text.
-- Server: 13.
-- Filters: keys of single partitions are not among them; see foreign_key.sql for the others.
select n.nspname::pg_catalog.text as child_schema,
       c.relname::pg_catalog.text as child_name,
       k.conname::pg_catalog.text as name,
       pg_catalog.format('alter table %s drop constraint %I', k.conrelid::pg_catalog.regclass, k.conname) as lift,
       pg_catalog.concat_ws('; ',
         pg_catalog.format('alter table %s add constraint %I %s', k.conrelid::pg_catalog.regclass, k.conname,
           pg_catalog.pg_get_constraintdef(k.oid)),
         pg_catalog.format('comment on constraint %I on %s is %L', k.conname, k.conrelid::pg_catalog.regclass,
           d.description)) as restore
  from pg_catalog.pg_constraint as k
  join pg_catalog.pg_class as c on c.oid = k.conrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  left join pg_catalog.pg_description as d on d.objoid = k.oid
        and d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
        and d.objsubid = 0
 where k.contype = 'f'
   and not k.convalidated
   and coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true)
   and k.conparentid = 0
   and k.coninhcount = 0
   and not c.relispartition
   and pg_catalog.pg_has_role(c.relowner, 'USAGE')
   and not exists (select
                     from pg_catalog.unnest(k.confkey) as u (number)
                    where not pg_catalog.has_column_privilege(k.confrelid, u.number, 'REFERENCES'))
 order by k.conrelid, k.conname collate "C"
