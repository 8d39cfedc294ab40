-- As commit_times.sql, and a transaction that replication has brought from another server counts as late: its time is that of
-- the other server, and when it came is not kept.
-- Parameters: $1 int8 and $2 int8, the ids of the range, both included; $3 text, the instant.
-- Columns: late text (an id), earliest_us int8 (microseconds since 1970-01-01 UTC).
-- Server: 14.
select (pg_catalog.min(x.xid) filter (where c.at > $3::pg_catalog.text::pg_catalog.timestamptz
                                         or c.origin <> 0))::pg_catalog.text as late,
       (extract(epoch from pg_catalog.min(c.at) filter (where c.origin = 0)) * 1000000)::pg_catalog.int8 as earliest_us
  from (select g.xid
          from pg_catalog.generate_series($1::pg_catalog.int8, $2::pg_catalog.int8) as g (xid)
         where g.xid % 4294967296 > 2
        offset 0) as x
 cross join lateral pg_catalog.pg_xact_commit_timestamp_origin(
                      (x.xid % 4294967296)::pg_catalog.text::pg_catalog.xid) as c (at, origin)
