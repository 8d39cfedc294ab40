-- What a database sets, for all roles or for one.
-- Parameters: $1 text database.
-- Columns: role text (NULL: all), name text, value text.
-- Server: 13.
select r.rolname::pg_catalog.text as role,
       pg_catalog.split_part(c.setting, '=', 1) as name,
       pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1) as value
  from pg_catalog.pg_db_role_setting as s
  join pg_catalog.pg_database as d on d.oid = s.setdatabase
 cross join pg_catalog.unnest(s.setconfig) as c (setting)
  left join pg_catalog.pg_roles as r on r.oid = s.setrole
 where d.datname = $1::pg_catalog.name
   and (s.setrole = 0 or r.oid is not null)
 order by r.rolname collate "C" nulls first, 2
