-- Whether this database knows which keys merges brought to it.
-- Parameters: none.
-- Columns: bool.
-- Server: 13.
select pg_catalog.to_regclass('failback.brought') is not null
