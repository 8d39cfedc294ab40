-- Who is connected, by database, role, application and state; and what works for a subscription, which writes without one.
-- Parameters: none.
-- Columns: database text, role text, application text, kind text (of process), state text, sessions int8, writing int8 (of
-- those how many have a transaction with an id), superuser bool. Of other users' sessions only database and role are seen,
-- unless the user may read all statistics: then the rest is NULL.
-- Server: 13.
select a.datname::pg_catalog.text as database,
       a.usename::pg_catalog.text as role,
       a.application_name as application,
       a.backend_type as kind,
       a.state,
       pg_catalog.count(*) as sessions,
       pg_catalog.count(a.backend_xid) as writing,
       coalesce(pg_catalog.bool_or(r.rolsuper), false) as superuser
  from pg_catalog.pg_stat_activity as a
  left join pg_catalog.pg_roles as r on r.oid = a.usesysid
 where a.pid <> pg_catalog.pg_backend_pid()
   and a.usename is not null
   and a.backend_type is distinct from 'logical replication launcher'
   and a.application_name is distinct from pg_catalog.current_setting('application_name')
 group by 1, 2, 3, 4, 5
 order by 1, 2, 3, 4, 5
