-- What happened last to a plan's part on this database, and the transactions of its merge.
-- Parameters: $1 text the part's digest.
-- Columns: action text, tables text (JSON), recorded_at text, merged_in int8 (the transaction of the latest merge, where its
-- rows can still be told by it: the entry of the merge itself bears the transaction's number, which it does not in a copy
-- that was loaded, and fewer than 2^31 transactions have begun since), undone_in int8[] (the transactions that took parts of
-- merges of it back), put_back_in int8[] (the transactions, told in the same way, that took merges of other plans back which
-- had come after it), merged_tables text (JSON: what the merge's entry says, under the condition of merged_in), batches_in
-- int8[] (the transactions of the batches that the latest merge consists of; none where it was one transaction),
-- batches_known bool (whether the condition of merged_in holds for all of them; NULL without any), batch_tables text[]
-- (JSON: what each batch says). No row: nothing happened.
-- Server: 13.
select l.action,
       l.tables::pg_catalog.text as tables,
       l.recorded_at::pg_catalog.text as recorded_at,
       known.transaction_id as merged_in,
       array(select u.transaction_id
               from "failback".ledger as u
              where u.plan_digest = l.plan_digest
                and u.action = 'undo_part'
              order by u.id) as undone_in,
       array(select u.transaction_id
               from "failback".ledger as u
              where u.plan_digest <> l.plan_digest
                and u.action not in ('merge', 'merge_batch')
                and u.xmin::pg_catalog.text::pg_catalog.int8 = u.transaction_id % 4294967296
                and exists (select
                              from "failback".ledger as m
                             where m.plan_digest = u.plan_digest
                               and m.action in ('merge', 'merge_batch')
                               and m.id > known.id
                               and m.id < u.id)
              order by u.id) as put_back_in,
       known.tables::pg_catalog.text as merged_tables,
       coalesce(batches.transactions, '{}') as batches_in,
       batches.known as batches_known,
       coalesce(batches.tables, '{}') as batch_tables
  from "failback".ledger as l
  left join lateral
       (select m.id,
               m.transaction_id,
               m.tables
          from "failback".ledger as m
         where m.plan_digest = l.plan_digest
           and m.action in ('merge', 'merge_batch')
           and m.xmin::pg_catalog.text::pg_catalog.int8 = m.transaction_id % 4294967296
           and pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8
               - m.transaction_id < 2147483648
         order by m.id desc
         limit 1) as known on true
  left join lateral
       (select pg_catalog.array_agg(b.transaction_id order by b.id) as transactions,
               pg_catalog.array_agg(b.tables::pg_catalog.text order by b.id) as tables,
               pg_catalog.bool_and(b.xmin::pg_catalog.text::pg_catalog.int8 = b.transaction_id % 4294967296
                   and pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8
                       - b.transaction_id < 2147483648) as known
          from (select pg_catalog.max(h.id) as id
                  from "failback".ledger as h
                 where h.plan_digest = l.plan_digest
                   and h.action in ('merge', 'merge_batch')) as head
          join "failback".ledger as b on b.plan_digest = l.plan_digest and b.id <= head.id
         where b.action = 'merge_batch'
           and not exists (select
                             from "failback".ledger as e
                            where e.plan_digest = l.plan_digest
                              and e.action in ('merge', 'undo')
                              and e.id > b.id
                              and e.id < head.id)) as batches on true
 where l.plan_digest = $1
 order by l.id desc
 limit 1
