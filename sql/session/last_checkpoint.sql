-- How far transactions had come at the server's last checkpoint. Ask only where identity.sql says may_read_control: a refusal
-- ends a transaction.
-- Parameters: none.
-- Columns: epoch text, number text (no transaction from there on had begun; the lowest 32 bits of its id), at_us int8 (when it
-- began, in whole seconds: microseconds since 1970-01-01 UTC), oldest text (the oldest transaction that was going on when it
-- began; the lowest 32 bits of its id, 0: the server did not look).
-- Server: 13.
select pg_catalog.split_part(c.next_xid, ':', 1) as epoch,
       pg_catalog.split_part(c.next_xid, ':', 2) as number,
       (extract(epoch from c.checkpoint_time) * 1000000)::pg_catalog.int8 as at_us,
       c.oldest_active_xid::pg_catalog.text as oldest
  from pg_catalog.pg_control_checkpoint() as c
