-- Who holds the lock that keeps a second merge or undo away from this database. The number is "failback" in ASCII.
-- Parameters: none.
-- Columns: pid int4, user_name text, application text, client text (NULL on a Unix socket), since text (its transaction's
-- begin; NULL where this user may not see it).
-- Server: 13.
select a.pid,
       a.usename::pg_catalog.text as user_name,
       a.application_name as application,
       pg_catalog.host(a.client_addr) as client,
       a.xact_start::pg_catalog.text as since
  from pg_catalog.pg_locks as l
  join pg_catalog.pg_stat_activity as a on a.pid = l.pid
 where l.locktype = 'advisory'
   and l.granted
   and l.objsubid = 1
   and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
   and (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = 7377293599041839979
