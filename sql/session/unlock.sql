-- Gives back the shared advisory lock that lock_to_be_seen.sql took.
-- Parameters: $1 int8 (the lock's number).
-- Columns: unlocked bool.
-- Server: 13.
select pg_catalog.pg_advisory_unlock_shared($1) as unlocked
