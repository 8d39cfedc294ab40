-- How many large objects the database holds, and how many bytes they and their pages take.
-- Parameters: none.
-- Columns: objects int8, size_bytes int8.
-- Server: 13.
-- pg_largeobject can be read by superusers only; its size by everybody.
select (select pg_catalog.count(*) from pg_catalog.pg_largeobject_metadata) as objects,
       pg_catalog.pg_table_size('pg_catalog.pg_largeobject'::pg_catalog.regclass) as size_bytes
