-- Asks nothing: an answer says that the session is alive.
-- Parameters: none.
-- Columns: int4 (1).
-- Server: 13.
select 1;
