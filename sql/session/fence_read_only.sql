-- Who was set to read only, as a fence against writers is often made, and by which transaction: the last that changed any
-- setting of that role in that database.
-- Parameters: none.
-- Columns: database text and role text (NULL: all), xid int8 (the lowest 32 bits of its id).
-- Server: 13.
select d.datname::pg_catalog.text as database,
       r.rolname::pg_catalog.text as role,
       s.xmin::pg_catalog.text::pg_catalog.int8 as xid
  from pg_catalog.pg_db_role_setting as s
  left join pg_catalog.pg_database as d on d.oid = s.setdatabase
  left join pg_catalog.pg_roles as r on r.oid = s.setrole
 where exists (select
                 from pg_catalog.unnest(s.setconfig) as c (setting)
                where c.setting in ('default_transaction_read_only=on', 'default_transaction_read_only=true',
                                    'default_transaction_read_only=yes', 'default_transaction_read_only=1'))
 order by 1, 2
