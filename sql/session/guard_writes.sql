-- What a transaction that writes needs beside what every session has, as far as the server knows it: a commit that is on disk
-- when it is answered, and a server that notices within half a second that we are gone, so that our locks do not outlive us.
-- Parameters: none.
-- Columns: set_config text, which nobody reads. client_connection_check_interval came with 14.
-- Server: 13.
select pg_catalog.set_config('synchronous_commit', 'on', true)
 where pg_catalog.current_setting('synchronous_commit') = 'off'
 union all
select pg_catalog.set_config('client_connection_check_interval', '500', true)
  from pg_catalog.pg_settings
 where name = 'client_connection_check_interval'
