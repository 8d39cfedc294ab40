-- The databases of a server, and why one cannot hold an estate.
-- Parameters: none.
-- Columns: name text, is_open bool (it takes connections), is_template bool.
-- Server: 13.
-- Filters: template0 and template1, which every server has, are what databases are made from. A database whose DROP was
-- interrupted keeps datconnlimit -2 and can only be dropped. A database that the user may not connect to is listed all the
-- same: it must fail by name, not vanish.
select d.datname::pg_catalog.text as name,
       d.datallowconn as is_open,
       d.datistemplate as is_template
  from pg_catalog.pg_database as d
 where d.datconnlimit <> -2
   and d.datname <> all (array['template0', 'template1']::pg_catalog.name[])
 order by d.datname collate "C"
