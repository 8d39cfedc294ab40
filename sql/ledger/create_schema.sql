-- Makes the schema of the ledger on OLD, where there is none. Its comment says whose it is, and of which format; a ledger
-- without one, as an administrator or an earlier failback may have made it, is known by the columns of its tables.
-- A batch.
-- Parameters: none.
-- Columns: none.
-- Server: 13.
create schema "failback";
comment on schema "failback" is 'failback ledger, format 1: what was merged here and undone; failback undo needs it';
