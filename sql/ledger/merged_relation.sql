-- Which table a merge wrote under a name, and whether that is the one that bears the name today. Nothing is known where the
-- ledger came here as a copy that was loaded, or where an earlier failback merged.
-- Parameters: $1 int8[] the merge's transactions, $2 text the table, as schema.name; $3 text the table, quoted.
-- Columns: is_same bool, called text or NULL (what the merge's table is called today). No row: nothing is known.
-- Server: 13.
select b.relation_id is not distinct from pg_catalog.to_regclass($3)::pg_catalog.oid as is_same,
       (select n.nspname || '.' || c.relname
          from pg_catalog.pg_class as c
          join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
         where c.oid = b.relation_id) as called
  from "failback".brought as b
 where b.transaction_id = any ($1::pg_catalog.int8[])
   and b.relation = $2
   and b.relation_id is not null
   and b.xmin::pg_catalog.text::pg_catalog.int8 = b.transaction_id % 4294967296
 order by 1
 limit 1
