-- The undos in part of a plan's merge that stands, oldest first.
-- Parameters: $1 text the part's digest.
-- Columns: tables text (JSON; rows taken back, a table), undone_in int8 (the transaction, where its rows can still be told by
-- it, as in latest.sql; else NULL).
-- Server: 13.
select l.tables::pg_catalog.text as tables,
       case
         when l.xmin::pg_catalog.text::pg_catalog.int8 = l.transaction_id % 4294967296
              and pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8
                  - l.transaction_id < 2147483648
           then l.transaction_id
       end as undone_in
  from "failback".ledger as l
 where l.plan_digest = $1
   and l.action = 'undo_part'
   and l.id > (select pg_catalog.max(m.id)
                 from "failback".ledger as m
                where m.plan_digest = $1
                  and m.action = 'merge')
 order by l.id
