-- What a database has around its tables that decides whether a value means the same on another server.
-- Parameters: none.
-- Columns: kind text (extension or setting), name text, value text (an extension's version; a setting's value for the database,
-- before a session of ours pins it).
-- Server: 13.
-- Filters: plpgsql comes with every database.
select 'extension' collate "C" as kind, e.extname::pg_catalog.text collate "C" as name, e.extversion as value
  from pg_catalog.pg_extension as e
 where e.extname <> 'plpgsql'
 union all
select 'setting', s.name, s.reset_val
  from pg_catalog.pg_settings as s
 where s.name in ('lc_monetary', 'TimeZone')
 order by 1, 2
