-- The roles, and what would keep each out, or lets it write all the same.
-- Parameters: $1 text[] databases.
-- Columns: name text, logs_in bool, superuser bool, replication bool, connection_limit int4 (-1: none), is_own bool (the user
-- who asks), connects text[] (of the databases, those to which it may connect), writes bool (its own settings switch
-- default_transaction_read_only off).
-- Server: 13.
select r.rolname::pg_catalog.text as name,
       r.rolcanlogin as logs_in,
       r.rolsuper as superuser,
       r.rolreplication as replication,
       r.rolconnlimit as connection_limit,
       r.rolname in (current_user, session_user) as is_own,
       array(select d.datname::pg_catalog.text
               from pg_catalog.pg_database as d
              where d.datname = any ($1::pg_catalog.name[])
                and pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT')
              order by d.datname) as connects,
       exists (select
                 from pg_catalog.pg_db_role_setting as s
                cross join pg_catalog.unnest(s.setconfig) as c (setting)
                where s.setrole = r.oid
                  and c.setting in ('default_transaction_read_only=off', 'default_transaction_read_only=false',
                                    'default_transaction_read_only=no', 'default_transaction_read_only=0')) as writes
  from pg_catalog.pg_roles as r
 order by r.rolname collate "C"
