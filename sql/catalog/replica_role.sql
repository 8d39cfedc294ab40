-- Asks for the role under which user triggers and foreign keys stay quiet; refused with 42501 where it is not permitted.
-- Parameters: none. Columns: none.
-- Server: 13.
-- Runs inside a transaction that is rolled back. Tried, not computed: hosted servers permit it to users that are no superusers
-- in ways that no catalog shows.
set local session_replication_role = replica
