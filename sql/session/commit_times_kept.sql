-- Whether the server keeps the times at which transactions committed, and from which transaction on. Asked outside a
-- transaction: a user who may not ask is refused.
-- Parameters: none.
-- Columns: kept bool, oldest int8 (the first transaction whose time is kept, as of the last checkpoint; the lowest 32 bits of
-- its id, 0: none), frozen int8 (the times of transactions before this one may have been removed since; likewise), started_us
-- int8 (when the server was started, which ended all that was going on: microseconds since 1970-01-01 UTC; NULL where it did
-- not for certain, as on a standby, or a server that was one: then the primary's transactions went on), has_origins bool
-- (whether replication has ever brought it another server's transactions, as far as it remembers).
-- Server: 13.
select pg_catalog.current_setting('track_commit_timestamp') = 'on' as kept,
       c.oldest_commit_ts_xid::pg_catalog.text::pg_catalog.int8 as oldest,
       (select d.datfrozenxid::pg_catalog.text::pg_catalog.int8
          from pg_catalog.pg_database as d
         order by pg_catalog.age(d.datfrozenxid) desc
         limit 1) as frozen,
       case when c.timeline_id = 1 and not pg_catalog.pg_is_in_recovery()
            then (extract(epoch from pg_catalog.pg_postmaster_start_time()) * 1000000)::pg_catalog.int8 end as started_us,
       exists (select from pg_catalog.pg_replication_origin) as has_origins
  from pg_catalog.pg_control_checkpoint() as c
