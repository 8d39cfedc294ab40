-- Which of the server's processes answers.
-- Parameters: none.
-- Columns: backend int4.
-- Server: 13.
select pg_catalog.pg_backend_pid() as backend
