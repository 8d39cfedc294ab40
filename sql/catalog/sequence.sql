-- Every sequence, how far it has come and which columns it feeds.
-- Parameters: none.
-- Columns: sequence_oid oid, schema text, name text, last_value int8 or NULL (never called, or unreadable), unreadable bool
-- (this user may not ask for it), increment int8, min_value int8, max_value int8, cycle bool, owner_schema, owner_table,
-- owner_column text or all NULL, fed_schemas, fed_tables, fed_columns text[] (of one length), worked_schemas, worked_tables,
-- worked_columns text[] (of one length).
-- Server: 13.
-- Filters: dependency type `a` is OWNED BY (serial), `i` is identity. A sequence may also feed columns that do not own it:
-- those whose default, or whose domain's, is nextval and nothing else but casts, since only then are their values the
-- sequence's. Where the default makes something else of the number, or the rows are not this table's, or what is owned is no
-- number and nothing says how it is written, the column is a worked one. Which schemas count is decided with relation.sql,
-- whose rows these join.
select c.oid as sequence_oid,
       s.schemaname::pg_catalog.text as schema,
       s.sequencename::pg_catalog.text as name,
       s.last_value,
       not pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE') as unreadable,
       s.increment_by as increment,
       s.min_value,
       s.max_value,
       s.cycle,
       o.schema as owner_schema,
       o.name as owner_table,
       o.column_name as owner_column,
       f.schemas as fed_schemas,
       f.tables as fed_tables,
       f.columns as fed_columns,
       f.worked_schemas,
       f.worked_tables,
       f.worked_columns
  from pg_catalog.pg_sequences as s
  join pg_catalog.pg_namespace as n on n.nspname = s.schemaname
  join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = s.sequencename
  left join lateral (
       select tn.nspname::pg_catalog.text as schema,
              t.relname::pg_catalog.text as name,
              a.attname::pg_catalog.text as column_name
         from pg_catalog.pg_depend as d
         join pg_catalog.pg_class as t on t.oid = d.refobjid
         join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
         join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = d.refobjsubid
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.objid = c.oid
          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.refobjsubid > 0
          and d.deptype in ('a', 'i')
        limit 1) as o on true
 cross join lateral (
       select coalesce(pg_catalog.array_agg(tn.nspname::pg_catalog.text
                order by tn.nspname, t.relname, a.attnum) filter (where k.plain), '{}') as schemas,
              coalesce(pg_catalog.array_agg(t.relname::pg_catalog.text
                order by tn.nspname, t.relname, a.attnum) filter (where k.plain), '{}') as tables,
              coalesce(pg_catalog.array_agg(a.attname::pg_catalog.text
                order by tn.nspname, t.relname, a.attnum) filter (where k.plain), '{}') as columns,
              coalesce(pg_catalog.array_agg(tn.nspname::pg_catalog.text
                order by tn.nspname, t.relname, a.attnum) filter (where not k.plain), '{}') as worked_schemas,
              coalesce(pg_catalog.array_agg(t.relname::pg_catalog.text
                order by tn.nspname, t.relname, a.attnum) filter (where not k.plain), '{}') as worked_tables,
              coalesce(pg_catalog.array_agg(a.attname::pg_catalog.text
                order by tn.nspname, t.relname, a.attnum) filter (where not k.plain), '{}') as worked_columns
         from (select u.relid, u.attnum, pg_catalog.bool_and(u.plain) as plain
                 from (select d.refobjid as relid, d.refobjsubid as attnum, null::pg_catalog.bool as plain
                         from pg_catalog.pg_depend as d
                        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                          and d.objid = c.oid
                          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                          and d.refobjsubid > 0
                          and d.deptype in ('a', 'i')
                       union all
                       select e.relid,
                              e.attnum,
                              e.printed ~ ('^[(]*nextval[(]''([^'']|'''')*''[:]{2}regclass[)]'
                                           '([)]*[:]{2}([a-z0-9_ .]|"[^"]+")+([(][0-9,]+[)])?)*[)]*$')
                         from (select v.adrelid as relid,
                                      v.adnum as attnum,
                                      pg_catalog.pg_get_expr(v.adbin, v.adrelid) as printed
                                 from pg_catalog.pg_depend as d
                                 join pg_catalog.pg_attrdef as v on v.oid = d.objid
                                where d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                                  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                  and d.refobjid = c.oid
                               union all
                               select i.attrelid, i.attnum, y.typdefault
                                 from pg_catalog.pg_depend as d
                                 join pg_catalog.pg_type as y on y.oid = d.objid
                                 join pg_catalog.pg_attribute as i on i.atttypid = y.oid
                                where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                                  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                  and d.refobjid = c.oid
                                  and not i.atthasdef) as e) as u
                group by u.relid, u.attnum) as fed
         join pg_catalog.pg_class as t on t.oid = fed.relid
         join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
         join pg_catalog.pg_attribute as a on a.attrelid = fed.relid and a.attnum = fed.attnum and not a.attisdropped
         left join pg_catalog.pg_type as y on y.oid = a.atttypid
        cross join lateral (
              select coalesce(fed.plain, y.typcategory = 'N') and t.relkind in ('r', 'p') as plain) as k
        where t.relkind in ('r', 'p', 'f', 'v')) as f
 where n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by s.schemaname collate "C", s.sequencename collate "C"
