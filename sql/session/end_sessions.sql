-- Ends the sessions of users with these databases, but those of superusers, of these roles, and of the user who asks.
-- Parameters: $1 text[] databases, $2 text[] roles that are spared.
-- Columns: database text, role text, ended bool (NULL: this user may not end it, and it was left).
-- Server: 13.
-- Ending is asked for here, and takes a moment. Of other users' sessions the kind of process is seen by few; one that is no
-- client's has no role, or one that is left to the server.
select a.datname::pg_catalog.text as database,
       a.usename::pg_catalog.text as role,
       case when pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') or pg_catalog.pg_has_role(a.usesysid, 'USAGE')
            then pg_catalog.pg_terminate_backend(a.pid) end as ended
  from pg_catalog.pg_stat_activity as a
  join pg_catalog.pg_roles as r on r.oid = a.usesysid
 where a.datname = any ($1::pg_catalog.name[])
   and a.usename <> all ($2::pg_catalog.name[])
   and a.pid <> pg_catalog.pg_backend_pid()
   and coalesce(a.backend_type, 'client backend') = 'client backend'
   and not r.rolsuper
 order by 1, 2
