-- Databases, with what a copy of each has to be made like.
-- Parameters: $1 text[] names, $2 oid[].
-- Columns: oid oid, name text, owner text, encoding text, collate text, ctype text, provider text (c: the C library's, i:
-- ICU's, b: PostgreSQL's own), locale text (of ICU, or of PostgreSQL's own; NULL: none), comment text, connection_limit int4
-- (-1: none), is_open bool (it takes connections), size int8 (NULL: this user may not ask), may_alter bool (the user owns it,
-- or may act as the owner).
-- Server: 13.
-- What some versions alone have is taken by its name out of the whole row.
select d.oid,
       d.datname::pg_catalog.text as name,
       o.rolname::pg_catalog.text as owner,
       pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text as encoding,
       d.datcollate::pg_catalog.text as collate,
       d.datctype::pg_catalog.text as ctype,
       coalesce(r.whole ->> 'datlocprovider', 'c') as provider,
       coalesce(r.whole ->> 'datlocale', r.whole ->> 'daticulocale') as locale,
       pg_catalog.shobj_description(d.oid, 'pg_database') as comment,
       d.datconnlimit as connection_limit,
       d.datallowconn as is_open,
       case when pg_catalog.has_database_privilege(d.oid, 'CONNECT') or pg_catalog.pg_has_role('pg_read_all_stats', 'MEMBER')
            then pg_catalog.pg_database_size(d.oid) end as size,
       pg_catalog.pg_has_role(d.datdba, 'USAGE') as may_alter
  from pg_catalog.pg_database as d
  join pg_catalog.pg_roles as o on o.oid = d.datdba
 cross join lateral (select pg_catalog.to_jsonb(d) as whole) as r
 where d.datname = any ($1::pg_catalog.name[])
    or d.oid = any ($2::pg_catalog.oid[])
 order by d.datname collate "C"
