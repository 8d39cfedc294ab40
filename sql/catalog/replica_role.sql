-- Asks for the role under which user triggers and foreign keys stay quiet; refused with 42501 where it is not permitted.
-- Parameters: none.
-- Columns: set_config text.
-- Server: 13.
-- Runs outside any transaction, so that the setting ends with the statement. Tried, not computed: hosted servers permit it to
-- users that are no superusers in ways that no catalog shows.
select pg_catalog.set_config('session_replication_role', 'replica', true)
