-- Every sequence, how far it has come and which columns it feeds.
-- Parameters: none.
-- Columns: sequence_oid oid, schema text, name text, last_value int8 or NULL (never called, or unreadable), unreadable bool
-- (this user may not ask for it), increment int8, min_value int8, max_value int8, cycle bool, owner_schema, owner_table,
-- owner_column text or all NULL, fed_schemas, fed_tables, fed_columns text[] (of one length).
-- Server: 13.
-- Filters: dependency type `a` is OWNED BY (serial), `i` is identity. A sequence may also feed columns that do not own it:
-- those whose default is nextval and nothing else, since only then are their values the sequence's. Columns that are no whole
-- numbers say nothing about it. Which schemas count is decided with relation.sql, whose rows these join.
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
       f.columns as fed_columns
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
                order by tn.nspname, t.relname, a.attnum), '{}') as schemas,
              coalesce(pg_catalog.array_agg(t.relname::pg_catalog.text
                order by tn.nspname, t.relname, a.attnum), '{}') as tables,
              coalesce(pg_catalog.array_agg(a.attname::pg_catalog.text
                order by tn.nspname, t.relname, a.attnum), '{}') as columns
         from (select d.refobjid as relid, d.refobjsubid as attnum
                 from pg_catalog.pg_depend as d
                where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and d.objid = c.oid
                  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and d.refobjsubid > 0
                  and d.deptype in ('a', 'i')
               union
               select v.adrelid, v.adnum
                 from pg_catalog.pg_depend as d
                 join pg_catalog.pg_attrdef as v on v.oid = d.objid
                where d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and d.refobjid = c.oid
                  and pg_catalog.pg_get_expr(v.adbin, v.adrelid) like 'nextval(''%''::regclass)') as fed
         join pg_catalog.pg_class as t on t.oid = fed.relid
         join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
         join pg_catalog.pg_attribute as a on a.attrelid = fed.relid and a.attnum = fed.attnum
         left join pg_catalog.pg_type as y on y.oid = a.atttypid
        where t.relkind in ('r', 'p')
          and coalesce(nullif(y.typbasetype, 0), y.oid) in ('pg_catalog.int2'::pg_catalog.regtype,
                                                            'pg_catalog.int4'::pg_catalog.regtype,
                                                            'pg_catalog.int8'::pg_catalog.regtype)) as f
 where n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by s.schemaname collate "C", s.sequencename collate "C"
