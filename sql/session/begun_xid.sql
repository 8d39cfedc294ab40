-- The number from which on no transaction had begun to write to this database: the first that no snapshot shows, or that behind
-- the highest one that is going on here. A snapshot does not list transactions that have begun behind the last one that ended.
-- Parameters: none.
-- Columns: begun int8.
-- Server: 13.
-- Transactions that are seen at work in another database are not of this one. Locks have the lowest 32 bits of an id.
select pg_catalog.max(s.next + coalesce(d.ahead + 1, 0)) as begun
  from (select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 as next) as s
  left join pg_catalog.pg_locks as l on l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
  left join pg_catalog.pg_stat_activity as a on a.pid = l.pid
 cross join lateral (select (l.transactionid::pg_catalog.text::pg_catalog.int8 - s.next) & 4294967295 as distance) as f
 cross join lateral (select case when f.distance < 2147483648
                                  and (a.datname is null or a.datname = pg_catalog.current_database())
                                 then f.distance end as ahead) as d
