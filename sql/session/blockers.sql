-- Who stands in the way of sessions that wait for a lock. Never what they run, which holds values.
-- Parameters: $1 int4[] the sessions that may be waiting, all of this user's.
-- Columns: pid int4 (0: a prepared transaction), user_name text, application text, client text (NULL on a Unix socket), kind
-- text, state text, since text (its transaction's begin): of another user's session NULL, for those who may not see it.
-- Server: 13.
select b.pid,
       a.usename::pg_catalog.text as user_name,
       a.application_name as application,
       pg_catalog.host(a.client_addr) as client,
       a.backend_type as kind,
       a.state,
       pg_catalog.date_trunc('second', a.xact_start)::pg_catalog.text as since
  from pg_catalog.pg_stat_activity as w
 cross join lateral (select distinct u.pid from pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) as u(pid)) as b
  left join pg_catalog.pg_stat_activity as a on a.pid = b.pid
 where w.pid = any ($1)
   and w.usename = current_user
   and w.wait_event_type = 'Lock'
 order by a.xact_start, b.pid
