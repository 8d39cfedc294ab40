-- Subscriptions that are switched off, and the transaction that changed each last. Asked outside a transaction: a user who may
-- not ask is refused.
-- Parameters: none.
-- Columns: database text, name text, xid int8 (the lowest 32 bits of its id).
-- Server: 13.
select d.datname::pg_catalog.text as database,
       s.subname::pg_catalog.text as name,
       s.xmin::pg_catalog.text::pg_catalog.int8 as xid
  from pg_catalog.pg_subscription as s
  join pg_catalog.pg_database as d on d.oid = s.subdbid
 where not s.subenabled
 order by 1, 2
