-- Which blocks of some tables the log's summaries say were changed from one position to another, as ranges, and whether they
-- say it all. One row a table, or one alone with the first four columns where there is none.
-- Parameters: $1 text (where), $2 int8 (the timeline), $3 text (up to where), $4 oid[] (tables or partitions), $5 int8[] (of
-- how many blocks of each ranges are wanted at most), $6 int8 (ranges with no more blocks between them are one).
-- Columns: begins bool, gap text, last text, reaches bool (as in summarized.sql), relation oid, tail int8 (the block from which
-- on all count as changed, since the table was cut off there or made anew; NULL: none), many bool (whether more blocks than
-- wanted were changed, or the table is gone; then without ranges), first int8[], behind int8[] (of each range; NULL without
-- any).
-- Server: 17.
-- Of the database as a whole, file 0 says that it was made. Forks other than the first have no rows.
with summary as materialized (
  select s.tli, s.start_lsn, s.end_lsn, pg_catalog.lag(s.end_lsn) over (order by s.start_lsn, s.end_lsn) as before
    from pg_catalog.pg_available_wal_summaries() as s
   where s.tli = $2::pg_catalog.int8
     and s.end_lsn > $1::pg_catalog.text::pg_catalog.pg_lsn
), reach as (
  select coalesce(pg_catalog.min(start_lsn) <= $1::pg_catalog.text::pg_catalog.pg_lsn, false) as begins,
         (pg_catalog.min(before) filter (where before <> start_lsn))::pg_catalog.text as gap,
         pg_catalog.max(end_lsn)::pg_catalog.text as last,
         coalesce(pg_catalog.max(end_lsn) >= $3::pg_catalog.text::pg_catalog.pg_lsn, false) as reaches
    from summary
), wanted as materialized (
  select w.relation, w.most, pg_catalog.pg_relation_filenode(w.relation) as file
    from unnest($4::pg_catalog.oid[], $5::pg_catalog.int8[]) as w (relation, most)
), listed as materialized (
  select distinct c.relfilenode as file, c.relblocknumber as block, c.is_limit_block as cut_off
    from summary as s
   cross join lateral pg_catalog.pg_wal_summary_contents(s.tli, s.start_lsn, s.end_lsn) as c
   where c.relforknumber = 0
     and c.reldatabase = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
     and (c.relfilenode = 0 or c.relfilenode in (select w.file from wanted as w))
), counted as materialized (
  select w.relation, w.file, w.most,
         least(pg_catalog.min(l.block) filter (where l.cut_off),
               (select pg_catalog.min(m.block) from listed as m where m.file = 0)) as tail,
         pg_catalog.count(l.block) filter (where not l.cut_off) as blocks
    from wanted as w
    left join listed as l on l.file = w.file
   group by w.relation, w.file, w.most
), spaced as (
  select l.file, l.block, l.block - pg_catalog.lag(l.block) over (partition by l.file order by l.block) as distance
    from listed as l
    join counted as c on c.file = l.file
   where not l.cut_off
     and c.blocks <= c.most
     and (c.tail is null or l.block < c.tail)
), numbered as (
  select file, block,
         pg_catalog.sum(case when distance <= $6::pg_catalog.int8 + 1 then 0 else 1 end)
           over (partition by file order by block) as range
    from spaced
), ranges as (
  select file, pg_catalog.min(block) as first, pg_catalog.max(block) + 1 as behind
    from numbered
   group by file, range
), spans as (
  select file, pg_catalog.array_agg(first order by first) as first,
         pg_catalog.array_agg(behind order by first) as behind
    from ranges
   group by file
)
select r.begins, r.gap, r.last, r.reaches, c.relation, c.tail, c.file is null or c.blocks > c.most as many, p.first, p.behind
  from reach as r
  left join counted as c on true
  left join spans as p on p.file = c.file
