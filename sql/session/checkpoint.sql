-- Has the server write out what it has changed, so that what its log says up to here is summarised.
-- Parameters: none.
-- Columns: none.
-- Server: 17.
checkpoint
