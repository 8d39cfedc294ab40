-- The live merges of other plans that have not ended here: their last entry is a batch.
-- Parameters: $1 text the digest of the plan's part that asks.
-- Columns: run_id text, recorded_at text (of the last batch).
-- Server: 13.
select l.run_id,
       l.recorded_at::pg_catalog.text as recorded_at
  from "failback".ledger as l
 where l.action = 'merge_batch'
   and l.plan_digest <> $1
   and not exists (select
                     from "failback".ledger as m
                    where m.plan_digest = l.plan_digest
                      and m.id > l.id)
 order by l.id
