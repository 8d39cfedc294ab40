-- Which keys of a table were written by merges of other plans that came after a plan's latest merge and stand, wholly or in
-- part, and by the undos that took parts of these back, in the order in which they did.
-- Parameters: $1 text the digest of the plan's part, $2 text the table, as schema.name; $3 text the table, quoted.
-- Columns: run_id text (the later merge's), is_merge bool (else an undo's), key text or NULL (by which columns, in words), keys
-- bytea (16 bytes a digest).
-- Server: 13.
select m.run_id,
       w.action in ('merge', 'merge_batch') as is_merge,
       b.key,
       b.keys
  from "failback".ledger as m
  join "failback".ledger as w on w.plan_digest = m.plan_digest and w.id >= m.id
  join "failback".brought as b on b.transaction_id = w.transaction_id
 where m.action in ('merge', 'merge_batch')
   and m.plan_digest <> $1
   and m.id > (select pg_catalog.max(own.id)
                 from "failback".ledger as own
                where own.plan_digest = $1
                  and own.action in ('merge', 'merge_batch'))
   and not exists (select
                     from "failback".ledger as since
                    where since.plan_digest = m.plan_digest
                      and since.id > m.id
                      and since.action not in ('undo_part', 'merge_batch')
                      and (since.action <> 'merge' or m.action <> 'merge_batch'))
   and (b.relation = $2
        or b.relation_id = pg_catalog.to_regclass($3)::pg_catalog.oid)
 order by b.id
