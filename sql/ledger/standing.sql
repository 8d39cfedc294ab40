-- How many merges stand, wholly or in part: those that were not taken back since.
-- Parameters: none.
-- Columns: merges int8.
-- Server: 13.
select pg_catalog.count(*) as merges
  from "failback".ledger as l
 where l.action <> 'undo'
   and not exists (select
                     from "failback".ledger as m
                    where m.plan_digest = l.plan_digest
                      and m.id > l.id)
