-- Which keys of a table merges brought here and undos or later merges took away again, in the order in which they did. A table
-- is known again by its OID too, unless the ledger came here as a copy that was loaded: then the OIDs are another server's.
-- Parameters: $1 text the table, as schema.name; $2 text the table, quoted.
-- Columns: stands bool, key text or NULL (by which columns, in words), keys bytea (16 bytes a digest).
-- Server: 13.
select b.stands,
       b.key,
       b.keys
  from "failback".brought as b
 where b.relation = $1
    or (b.relation_id = pg_catalog.to_regclass($2)::pg_catalog.oid
        and b.xmin::pg_catalog.text::pg_catalog.int8 = b.transaction_id % 4294967296)
 order by b.id
