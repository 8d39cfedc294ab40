-- Who holds an advisory lock of this database.
-- Parameters: $1 int8 (the lock's number).
-- Columns: pid int4, user_name text, application text, client text (NULL on a Unix socket), since text (its transaction's
-- begin, or its own where it is in none; NULL where this user may not see it).
-- Server: 13.
select a.pid,
       a.usename::pg_catalog.text as user_name,
       a.application_name as application,
       pg_catalog.host(a.client_addr) as client,
       coalesce(a.xact_start, a.backend_start)::pg_catalog.text as since
  from pg_catalog.pg_locks as l
  join pg_catalog.pg_stat_activity as a on a.pid = l.pid
 where l.locktype = 'advisory'
   and l.granted
   and l.objsubid = 1
   and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
   and (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = $1
