-- Whether a session of this database, on this server, holds an advisory lock.
-- Parameters: $1 int8 (the lock's number).
-- Columns: seen bool. pg_locks shows every user's locks to everyone.
-- Server: 13.
select exists (
         select
           from pg_catalog.pg_locks as l
          where l.locktype = 'advisory'
            and l.objsubid = 1
            and (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = $1
            and l.database = (select d.oid
                                from pg_catalog.pg_database as d
                               where d.datname = pg_catalog.current_database())) as seen
