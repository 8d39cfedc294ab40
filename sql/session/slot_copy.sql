-- Makes a copy of a slot that ends with the session: what is read from it stays in the slot itself.
-- Parameters: $1 text the slot's name.
-- Columns: name text (the copy's).
-- Server: 13.
select c.slot_name::pg_catalog.text as name
  from pg_catalog.pg_copy_logical_replication_slot(
         $1::pg_catalog.text::pg_catalog.name,
         ($1::pg_catalog.text || '_' || pg_catalog.pg_backend_pid()::pg_catalog.text)::pg_catalog.name,
         true) as c
