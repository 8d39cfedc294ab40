-- Pins what a session of failback depends on, whatever the server, database, role or connection string set.
-- A batch, sent once after connecting.
-- Parameters: none.
-- Columns: read_only text (on or off), in_recovery bool: of the last result.
-- Server: 13.
-- Transactions that default to read-only are left alone.
-- The time limit goes first: it counts for each statement alone, so that one set for the role can end only the first of them.
set statement_timeout = 0;
select pg_catalog.set_config('search_path', '', false);
-- A server never looks at the bytes of SQL_ASCII, so they are taken as they are; whatever is asked for could only refuse them.
select pg_catalog.set_config('client_encoding',
         case pg_catalog.current_setting('server_encoding') when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end, false);
set standard_conforming_strings = on;
set quote_all_identifiers = off;
set transform_null_equals = off;
set array_nulls = on;
set DateStyle = 'ISO';
set IntervalStyle = 'postgres';
set TimeZone = 'UTC';
set extra_float_digits = 3;
set bytea_output = 'hex';
-- money is a whole number of smallest units: both sides print and read it with the same number of digits, or it is another one.
set lc_monetary = 'C';
set xmlbinary = 'base64';
-- A fragment is content and no document; a document is content too.
set xmloption = 'content';
-- A check of a partition says nothing about where our rows are, and the planner would look into functions that it calls, which
-- may lean on the database's own search path.
set constraint_exclusion = off;
-- A limit here makes an index give back some of its rows.
set gin_fuzzy_search_limit = 0;
set default_table_access_method = 'heap';
-- The ledger is created where the database's tables are, in which nobody needs a right of their own.
set default_tablespace = '';
set row_security = off;
set lock_timeout = 0;
set idle_in_transaction_session_timeout = 0;
set jit = off;
-- These came later: idle_session_timeout with 14, transaction_timeout with 17.
select pg_catalog.set_config(name, '0', false)
  from pg_catalog.pg_settings
 where name in ('idle_session_timeout', 'transaction_timeout');
select pg_catalog.current_setting('transaction_read_only') as read_only,
       pg_catalog.pg_is_in_recovery() as in_recovery;
