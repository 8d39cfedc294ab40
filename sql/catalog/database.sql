-- The databases of a server that can hold an estate.
-- Parameters: none.
-- Columns: name text.
-- Server: 13.
-- Filters: templates and databases that refuse connections cannot be read; `postgres` is the maintenance database, which
-- every server has. A database whose DROP was interrupted keeps datconnlimit -2 and can only be dropped. A database that the
-- user may not connect to is listed all the same: it must fail by name, not vanish.
select d.datname::pg_catalog.text as name
  from pg_catalog.pg_database as d
 where d.datallowconn
   and not d.datistemplate
   and d.datconnlimit <> -2
   and d.datname <> 'postgres'
 order by d.datname collate "C"
