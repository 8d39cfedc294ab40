-- Who the server says it is, as far as anyone may ask.
-- Parameters: none.
-- Columns: database text, database_oid oid, version_num int4, version text, encoding text, in_recovery bool, address text,
-- read_only_default bool, port int4, started_us int8 (microseconds since 1970-01-01 UTC), may_read_control bool (whether
-- control.sql may be asked).
-- Server: 13.
select d.datname::pg_catalog.text as database,
       d.oid as database_oid,
       pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version_num,
       pg_catalog.current_setting('server_version') as version,
       pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text as encoding,
       pg_catalog.pg_is_in_recovery() as in_recovery,
       (select s.reset_val = 'on'
          from pg_catalog.pg_settings as s
         where s.name = 'default_transaction_read_only') as read_only_default,
       pg_catalog.host(pg_catalog.inet_server_addr()) as address,
       pg_catalog.inet_server_port() as port,
       (extract(epoch from pg_catalog.pg_postmaster_start_time()) * 1000000)::pg_catalog.int8 as started_us,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')
         and pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute') as may_read_control
  from pg_catalog.pg_database as d
 where d.datname = pg_catalog.current_database();
