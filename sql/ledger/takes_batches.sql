-- Whether the ledger is of the format that has batches: an earlier failback passes such a ledger over aloud.
-- Parameters: none.
-- Columns: takes_batches bool.
-- Server: 13.
select coalesce(pg_catalog.obj_description(n.oid, 'pg_namespace') like 'failback ledger, format 2:%', false) as takes_batches
  from pg_catalog.pg_namespace as n
  join pg_catalog.pg_class as c on c.relnamespace = n.oid
 where c.oid = '"failback".ledger'::pg_catalog.regclass
