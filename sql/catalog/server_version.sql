-- Which server answers, so that a statement's variant can be chosen.
-- Parameters: none.
-- Columns: version_num int4, as 150004.
-- Server: 13.
select pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version_num
