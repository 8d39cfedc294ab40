-- Rights on a database that are not those that every database begins with.
-- Parameters: $1 text database.
-- Columns: role text (NULL: everybody), privilege text, grantable bool.
-- Server: 13.
select r.rolname::pg_catalog.text as role,
       x.privilege_type as privilege,
       x.is_grantable as grantable
  from pg_catalog.pg_database as d
 cross join pg_catalog.aclexplode(d.datacl) as x
  left join pg_catalog.pg_roles as r on r.oid = x.grantee
 where d.datname = $1::pg_catalog.name
   and (x.grantee = 0 or r.oid is not null)
 order by r.rolname collate "C" nulls first, x.privilege_type
