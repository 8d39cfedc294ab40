-- What a database has around its tables that decides whether a value means the same on another server.
-- Parameters: none.
-- Columns: kind text (extension, setting or role_zone), name text (role_zone: a role's), value text (an extension's version; a
-- setting's value for the database, before a session of ours pins it; the zone that a role's own sessions begin in).
-- Server: 13.
-- Filters: plpgsql comes with every database. The session's own number keeps the query out of parallel workers, in which a
-- setting's value for the database is what this session has pinned it to.
select 'extension' collate "C" as kind, e.extname::pg_catalog.text collate "C" as name, e.extversion as value
  from pg_catalog.pg_extension as e
 where e.extname <> 'plpgsql'
 union all
select 'setting', s.name, s.reset_val
  from pg_catalog.pg_settings as s
 where s.name in ('lc_monetary', 'TimeZone')
   and pg_catalog.pg_backend_pid() > 0
 union all
select 'role_zone', r.rolname::pg_catalog.text, pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1)
  from pg_catalog.pg_db_role_setting as s
  join pg_catalog.pg_roles as r on r.oid = s.setrole
 cross join lateral pg_catalog.unnest(s.setconfig) as c (setting)
  left join pg_catalog.pg_database as d on d.oid = s.setdatabase
 where pg_catalog.lower(c.setting) like 'timezone=%'
   and (s.setdatabase = 0 or d.datname = pg_catalog.current_database())
 order by 1, 2
