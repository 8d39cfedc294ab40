-- Who may connect to databases by a grant, as their lists of rights say it, or the rights that every database begins with.
-- Parameters: $1 text[] databases.
-- Columns: database text, role text (NULL: everybody), grantable bool, superuser bool (of the role), by_owner bool (the owner
-- gave it), grantor text.
-- Server: 13.
select d.datname::pg_catalog.text as database,
       r.rolname::pg_catalog.text as role,
       x.is_grantable as grantable,
       coalesce(r.rolsuper, false) as superuser,
       x.grantor = d.datdba as by_owner,
       g.rolname::pg_catalog.text as grantor
  from pg_catalog.pg_database as d
 cross join pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) as x
  left join pg_catalog.pg_roles as r on r.oid = x.grantee
  left join pg_catalog.pg_roles as g on g.oid = x.grantor
 where d.datname = any ($1::pg_catalog.name[])
   and x.privilege_type = 'CONNECT'
   and (x.grantee = 0 or r.oid is not null)
 order by d.datname collate "C", r.rolname collate "C" nulls first
