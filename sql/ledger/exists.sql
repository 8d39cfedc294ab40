-- Whether this database has a ledger.
-- Parameters: none.
-- Columns: bool.
-- Server: 13.
select pg_catalog.to_regclass('failback.ledger') is not null
