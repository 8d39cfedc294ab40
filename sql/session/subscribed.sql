-- Which subscriptions bring rows to the server, of whichever database.
-- Parameters: none.
-- Columns: name text, works bool (a process is at it), received text (how far in the publisher's log; NULL: nothing yet).
-- Server: 13.
select s.subname::pg_catalog.text as name,
       pg_catalog.bool_or(s.pid is not null) as works,
       pg_catalog.max(s.received_lsn)::pg_catalog.text as received
  from pg_catalog.pg_stat_subscription as s
 group by 1
 order by 1
