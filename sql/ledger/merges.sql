-- The merges whose rows can still be told by the transaction that wrote them (see latest.sql for when that is so).
-- Parameters: none.
-- Columns: transaction_id int8, tables text (JSON: what was written to each table).
-- Server: 13.
select m.transaction_id,
       m.tables::pg_catalog.text as tables
  from "failback".ledger as m
 where m.action in ('merge', 'merge_batch')
   and m.xmin::pg_catalog.text::pg_catalog.int8 = m.transaction_id % 4294967296
   and pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8
       - m.transaction_id < 2147483648
 order by m.id
