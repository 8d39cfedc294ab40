-- Whether this user sees what other users' sessions do.
-- Parameters: none.
-- Columns: sees_others bool.
-- Server: 13.
select pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') as sees_others
