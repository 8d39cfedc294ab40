-- The first of a range of transactions that committed later than at an instant, and when the first of them to commit did.
-- Parameters: $1 int8 and $2 int8, the ids of the range, both included; $3 text, the instant.
-- Columns: late text (an id), earliest_us int8 (microseconds since 1970-01-01 UTC).
-- Server: 13.
-- Transactions commit in another order than that of their ids, so that all of them are looked at. Ids that stand for no
-- transaction are kept away from the function, which refuses 0.
select (pg_catalog.min(t.xid) filter (where t.at > $3::pg_catalog.text::pg_catalog.timestamptz))::pg_catalog.text as late,
       (extract(epoch from pg_catalog.min(t.at)) * 1000000)::pg_catalog.int8 as earliest_us
  from (select x.xid,
               case when x.xid % 4294967296 > 2
                    then pg_catalog.pg_xact_commit_timestamp((x.xid % 4294967296)::pg_catalog.text::pg_catalog.xid) end as at
          from pg_catalog.generate_series($1::pg_catalog.int8, $2::pg_catalog.int8) as x (xid)) as t
