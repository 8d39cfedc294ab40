-- What a server keeps that will say later what was written since a moment, or could keep.
-- Parameters: none.
-- Columns: commit_times bool, summaries bool (whether it summarizes its log; null before 17), inspect text (of the extension
-- that reads the log: 'here', 'available' or 'none'), may_inspect bool.
-- Server: 13.
select pg_catalog.current_setting('track_commit_timestamp')::pg_catalog.bool as commit_times,
       pg_catalog.current_setting('summarize_wal', true)::pg_catalog.bool as summaries,
       case
         when exists (select from pg_catalog.pg_extension as e where e.extname = 'pg_walinspect') then 'here'
         when exists (select from pg_catalog.pg_available_extensions as a where a.name = 'pg_walinspect') then 'available'
         else 'none'
       end as inspect,
       pg_catalog.pg_has_role('pg_read_server_files', 'usage') and pg_catalog.pg_has_role('pg_monitor', 'usage') as may_inspect
