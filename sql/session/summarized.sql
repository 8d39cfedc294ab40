-- How far a timeline's log is summarised from a position on.
-- Parameters: $1 text (the position), $2 int8 (the timeline), $3 text (another position).
-- Columns: begins bool (whether the summaries begin at the first position or before), gap text (where the first gap among them
-- is, if any), last text (where they end; NULL without any), reaches bool (whether they go up to the other position).
-- Server: 17.
with summary as (
  select s.start_lsn, s.end_lsn, pg_catalog.lag(s.end_lsn) over (order by s.start_lsn, s.end_lsn) as before
    from pg_catalog.pg_available_wal_summaries() as s
   where s.tli = $2::pg_catalog.int8
     and s.end_lsn > $1::pg_catalog.text::pg_catalog.pg_lsn
)
select coalesce(pg_catalog.min(start_lsn) <= $1::pg_catalog.text::pg_catalog.pg_lsn, false) as begins,
       (pg_catalog.min(before) filter (where before <> start_lsn))::pg_catalog.text as gap,
       pg_catalog.max(end_lsn)::pg_catalog.text as last,
       coalesce(pg_catalog.max(end_lsn) >= $3::pg_catalog.text::pg_catalog.pg_lsn, false) as reaches
  from summary
