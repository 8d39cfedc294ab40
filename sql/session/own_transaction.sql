-- The number of the transaction that it runs in, as the ledger records it.
-- Parameters: none.
-- Columns: transaction_id int8.
-- Server: 13.
select pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8 as transaction_id
