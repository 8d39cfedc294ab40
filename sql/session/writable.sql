-- Lets this session change settings where transactions are read-only unless they say otherwise.
-- Parameters: none.
-- Columns: none.
-- Server: 13.
set default_transaction_read_only = off
