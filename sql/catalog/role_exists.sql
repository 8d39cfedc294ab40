-- Whether there is a role of that name.
-- Parameters: $1 text the name.
-- Columns: role_exists bool.
-- Server: 13.
select exists (select from pg_catalog.pg_roles as r where r.rolname = $1) as role_exists
