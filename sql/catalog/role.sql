-- The role whose privileges count on this connection.
-- Parameters: none.
-- Columns: role text.
-- Server: 13.
select current_user::pg_catalog.text as role
