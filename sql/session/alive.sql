-- Asks nothing: an answer says that the session is alive.
-- Least server version: 13.
select 1;
