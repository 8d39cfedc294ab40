-- What a short transaction on a live server needs: an end, whatever becomes of whoever runs it. transaction_timeout came with
-- 17.
-- Parameters: none.
-- Columns: set_config text, which nobody reads.
-- Server: 13.
select pg_catalog.set_config(s.name, w.limit_ms, true)
  from (values ('statement_timeout', '5000'),
               ('idle_in_transaction_session_timeout', '5000'),
               ('transaction_timeout', '10000')) as w (name, limit_ms)
  join pg_catalog.pg_settings as s on s.name = w.name
