-- What the partitions of a tree ask of their rows beside what its root asks of all, as conditions.
-- Parameters: $1 text schema, $2 text name of the tree's root.
-- Columns: name text, condition text (true or null for the rows of other partitions; column names are bare, other names carry
-- their schema).
-- Server: 13.
-- Filters: a check that is NOT ENFORCED (18) refuses nothing; servers that lack the column answer NULL to the row as JSON.
select x.name,
       'not (' || x.bound || ') or (' || x.condition || ')' as condition
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 cross join lateral pg_catalog.pg_partition_tree(c.oid) as t
 cross join lateral (select k.conname::pg_catalog.text as name,
                            coalesce(pg_catalog.pg_get_partition_constraintdef(t.relid), 'true') as bound,
                            pg_catalog.pg_get_expr(k.conbin, k.conrelid) as condition
                       from pg_catalog.pg_constraint as k
                      where k.conrelid = t.relid
                        and k.contype = 'c'
                        and k.coninhcount = 0
                        and coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true)
                      union all
                     select p.relname::pg_catalog.text || '_' || a.attname::pg_catalog.text || '_not_null',
                            coalesce(pg_catalog.pg_get_partition_constraintdef(t.relid), 'true'),
                            pg_catalog.quote_ident(a.attname) || ' is not null'
                       from pg_catalog.pg_attribute as a
                       join pg_catalog.pg_class as p on p.oid = a.attrelid
                       join pg_catalog.pg_attribute as r on r.attrelid = c.oid and r.attname = a.attname
                      where t.isleaf
                        and a.attrelid = t.relid
                        and a.attnum > 0
                        and not a.attisdropped
                        and a.attnotnull
                        and not r.attnotnull) as x
 where n.nspname = $1
   and c.relname = $2
   and c.relkind = 'p'
   and t.level > 0
 order by x.name collate "C", x.bound collate "C"
