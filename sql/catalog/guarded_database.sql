-- What keeps users out of databases, or from writing.
-- Parameters: $1 text[] databases.
-- Columns: name text, owner text, may_alter bool (the user owns it, or may act as the owner), connection_limit int4 (-1: none),
-- read_only text (what the database sets default_transaction_read_only to, for all roles; NULL: nothing).
-- Server: 13.
select d.datname::pg_catalog.text as name,
       o.rolname::pg_catalog.text as owner,
       pg_catalog.pg_has_role(d.datdba, 'USAGE') as may_alter,
       d.datconnlimit as connection_limit,
       (select pg_catalog.split_part(c.setting, '=', 2)
          from pg_catalog.pg_db_role_setting as s
         cross join pg_catalog.unnest(s.setconfig) as c (setting)
         where s.setdatabase = d.oid
           and s.setrole = 0
           and c.setting like 'default\_transaction\_read\_only=%') as read_only
  from pg_catalog.pg_database as d
  join pg_catalog.pg_roles as o on o.oid = d.datdba
 where d.datname = any ($1::pg_catalog.name[])
 order by d.datname collate "C"
