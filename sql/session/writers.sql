-- Who writes: the transactions with an id that are going on, by database, role and kind of process. A transaction gets an id
-- before it writes its first row, and none for reading.
-- Parameters: none.
-- Columns: database text, role text, kind text (of a process; NULL: this user may not see it), transactions int8. All of the
-- first three NULL: such as the session's snapshot takes for going on, and that are over by now.
-- Server: 13.
-- Sub-transactions have locks of their own, and their session's number.
select coalesce(a.datname, p.database)::pg_catalog.text as database,
       coalesce(a.usename, p.owner)::pg_catalog.text as role,
       case when p.gid is not null then 'prepared transaction' else a.backend_type end as kind,
       pg_catalog.count(distinct l.virtualtransaction) as transactions
  from pg_catalog.pg_locks as l
  left join pg_catalog.pg_stat_activity as a on a.pid = l.pid
  left join pg_catalog.pg_prepared_xacts as p on l.pid is null and p.transaction = l.transactionid
 where l.locktype = 'transactionid'
   and l.mode = 'ExclusiveLock'
   and l.granted
 group by 1, 2, 3
union all
select null, null, null, pg_catalog.count(*)
  from pg_catalog.pg_snapshot_xip(pg_catalog.pg_current_snapshot()) as x (xid)
 where not exists (select
                     from pg_catalog.pg_locks as l
                    where l.locktype = 'transactionid'
                      and l.mode = 'ExclusiveLock'
                      and l.transactionid = x.xid::pg_catalog.xid)
having pg_catalog.count(*) > 0
 order by 1, 2, 3
