-- Exports the transaction's snapshot; it lives until the transaction ends.
-- Columns: id text.
-- Least server version: 13.
select pg_catalog.pg_export_snapshot() as id;
