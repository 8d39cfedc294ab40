-- Ends every session with these databases that this user may end, whoever has it, but those of some processes.
-- Parameters: $1 text[] databases, $2 int4[] processes that are spared.
-- Columns: ended int8, left_over int8 (which this user may not end).
-- Server: 13.
select pg_catalog.count(*) filter (where s.ended) as ended,
       pg_catalog.count(*) filter (where not s.ended) as left_over
  from (select case when a.may then pg_catalog.pg_terminate_backend(a.pid) else false end as ended
          from (select a.pid,
                       pg_catalog.pg_has_role(a.usesysid, 'MEMBER')
                       or (pg_catalog.pg_has_role('pg_signal_backend', 'MEMBER') and not r.rolsuper) as may
                  from pg_catalog.pg_stat_activity as a
                  join pg_catalog.pg_roles as r on r.oid = a.usesysid
                 where a.datname = any ($1::pg_catalog.name[])
                   and a.pid <> pg_catalog.pg_backend_pid()
                   and a.pid <> all ($2::pg_catalog.int4[])) as a) as s
