-- Whether write-ahead log is summarised here, and whether this user may ask for it. A refusal would end a transaction.
-- Parameters: none.
-- Columns: switched_on bool, allowed bool.
-- Server: 17.
select pg_catalog.current_setting('summarize_wal')::pg_catalog.bool as switched_on,
       pg_catalog.has_function_privilege('pg_catalog.pg_available_wal_summaries()', 'execute')
         and pg_catalog.has_function_privilege(
               'pg_catalog.pg_wal_summary_contents(pg_catalog.int8, pg_catalog.pg_lsn, pg_catalog.pg_lsn)',
               'execute') as allowed
