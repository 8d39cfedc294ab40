-- The transaction ids of the snapshot that the session reads under.
-- Parameters: none.
-- Columns: xmin text (all below were over), xmax text (none from here on had begun), in_progress int8 (how many between had
-- begun and were not over), wal text (where the log is: how far it is written, on a standby how far it is replayed).
-- Server: 13.
-- Ids are xid8, which does not wrap around; as text, since they have more digits than JSON's numbers keep.
select pg_catalog.pg_snapshot_xmin(s.now)::pg_catalog.text as xmin,
       pg_catalog.pg_snapshot_xmax(s.now)::pg_catalog.text as xmax,
       (select pg_catalog.count(*) from pg_catalog.pg_snapshot_xip(s.now)) as in_progress,
       case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
            else pg_catalog.pg_current_wal_insert_lsn() end::pg_catalog.text as wal
  from (select pg_catalog.pg_current_snapshot() as now) as s
