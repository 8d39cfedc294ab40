-- Makes a logical slot of the session's database, once every transaction that was going on has ended. Writes no row.
-- Parameters: $1 text its name.
-- Columns: start text (where in the log it begins: what commits behind that, the slot has, and nothing else).
-- Server: 13.
select s.lsn::pg_catalog.text as start
  from pg_catalog.pg_create_logical_replication_slot($1::pg_catalog.text::pg_catalog.name, 'test_decoding') as s
