-- Whether the user may do with a table what its owner may.
-- Parameters: $1 text schema, $2 text table.
-- Columns: is_owner bool. No row: there is no such table.
-- Server: 13.
select pg_catalog.pg_has_role(c.relowner, 'usage') as is_owner
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = $1
   and c.relname = $2
