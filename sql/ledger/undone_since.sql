-- The merges of other runs that were taken back here after a run had seen their rows, and that do not stand again. What was
-- merged first after the run's plan had been carried out the first time, its diff cannot have seen.
-- Parameters: $1 text the run's id, $2 text the digest of its plan's part, $3 int8 OLD's clock when the run was exported, in
-- microseconds since 1970, or NULL.
-- Columns: run_id text, tables text (JSON; rows taken back, a table), recorded_at text, transaction_id int8.
-- Server: 13.
select l.run_id,
       l.tables::pg_catalog.text as tables,
       l.recorded_at::pg_catalog.text as recorded_at,
       l.transaction_id
  from "failback".ledger as l
 where l.action in ('undo', 'undo_part')
   and l.run_id <> $1
   and (l.recorded_at > pg_catalog.to_timestamp($3::pg_catalog.int8 / 1000000.0)
        or l.id > (select pg_catalog.max(m.id)
                     from "failback".ledger as m
                    where m.plan_digest = $2
                      and m.action in ('merge', 'merge_batch')))
   and not exists (select
                     from "failback".ledger as m
                    where m.plan_digest = l.plan_digest
                      and m.action in ('merge', 'merge_batch')
                      and m.id > l.id)
   and exists (select
                 from "failback".ledger as m
                where m.plan_digest = l.plan_digest
                  and m.action in ('merge', 'merge_batch')
                  and m.id < (select pg_catalog.min(o.id)
                                from "failback".ledger as o
                               where o.plan_digest = $2
                                 and o.action in ('merge', 'merge_batch')))
 order by l.id
