-- The number below which every transaction that can have written to this database had ended when the statement's snapshot was
-- taken. Transactions within one that was under way have greater numbers than it, and a snapshot does not list them: so of
-- those under way the oldest counts. One that is seen at work in another database does not. A standby lists none of its
-- primary's, and knows the oldest of them.
-- Parameters: none.
-- Columns: horizon int8.
-- Server: 13.
select case when pg_catalog.pg_is_in_recovery()
            then pg_catalog.pg_snapshot_xmin(s.snapshot)::pg_catalog.text::pg_catalog.int8
            else coalesce(
         (select pg_catalog.min(x.xid::pg_catalog.text::pg_catalog.int8)
            from pg_catalog.pg_snapshot_xip(s.snapshot) as x (xid)
           where not exists (select
                               from pg_catalog.pg_locks as l
                               join pg_catalog.pg_stat_activity as a on a.pid = l.pid
                              where l.locktype = 'transactionid'
                                and l.mode = 'ExclusiveLock'
                                and l.transactionid = x.xid::pg_catalog.xid
                                and a.datname <> pg_catalog.current_database())),
         pg_catalog.pg_snapshot_xmax(s.snapshot)::pg_catalog.text::pg_catalog.int8) end as horizon
  from (select pg_catalog.pg_current_snapshot() as snapshot) as s
