-- The tables of this database that transactions which are going on, or are prepared, may have written: such hold a lock until
-- they end, and their rows are seen by nobody else before.
-- Parameters: none.
-- Columns: schema text, name text (of the table, or of the one that it is a partition of; both NULL where the transaction has
-- made the table itself, or nothing tells which), who text (a role and a kind of process, or a prepared transaction).
-- Server: 13.
-- A lock without a transaction id has written nothing yet. A standby does not have the locks of its primary's writers.
select distinct n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name,
       case when p.gid is not null then 'the prepared transaction ' || pg_catalog.quote_literal(p.gid)
            else coalesce(a.usename::pg_catalog.text, 'somebody') || ' (' || coalesce(a.backend_type, 'a session') || ')'
       end as who
  from pg_catalog.pg_locks as l
  join pg_catalog.pg_locks as x on x.virtualtransaction = l.virtualtransaction
                               and x.locktype = 'transactionid'
                               and x.mode = 'ExclusiveLock'
                               and x.granted
  left join pg_catalog.pg_stat_activity as a on a.pid = l.pid
  left join pg_catalog.pg_prepared_xacts as p on l.pid is null and p.transaction = x.transactionid
  left join pg_catalog.pg_class as r on r.oid = l.relation
  left join pg_catalog.pg_class as c on c.oid = coalesce(pg_catalog.pg_partition_root(r.oid), r.oid)
  left join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where l.locktype = 'relation'
   and l.granted
   and l.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
   and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
   and l.pid is distinct from pg_catalog.pg_backend_pid()
   and (r.oid is null or r.relkind in ('r', 'p'))
   and (n.nspname is null or n.nspname not in ('pg_catalog', 'information_schema'))
union all
select null, null, 'a transaction of the primary''s'::pg_catalog.text
 where pg_catalog.pg_is_in_recovery()
   and pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())
       <> pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
 order by 1, 2, 3
