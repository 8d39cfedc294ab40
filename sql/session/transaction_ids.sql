-- How far the server's transactions have come, by the snapshot that the session reads under.
-- Parameters: none.
-- Columns: next text (no transaction from here on had begun), ended text (every transaction below had ended), wal text (where
-- the log is: how far it is written, on a standby how far it is replayed).
-- Server: 13.
-- The ids are of type xid8, which does not wrap around; as text, which the driver knows.
select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text as next,
       pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text as ended,
       case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
            else pg_catalog.pg_current_wal_insert_lsn() end::pg_catalog.text as wal
