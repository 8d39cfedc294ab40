-- Exports the transaction's snapshot; it lives until the transaction ends.
-- Parameters: none.
-- Columns: id text.
-- Server: 13.
select pg_catalog.pg_export_snapshot() as id;
