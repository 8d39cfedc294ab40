-- How far a server was recovered since it was started, and up to when it was to be. A time without an offset is read in
-- another zone than it was written in, and counts as none.
-- Parameters: none.
-- Columns: replays bool (it goes on replaying), replayed_us, target_us int8 (microseconds since 1970-01-01 UTC, or null).
-- Server: 13.
select case when pg_catalog.pg_is_in_recovery() then not pg_catalog.pg_is_wal_replay_paused() else false end as replays,
       (pg_catalog.date_part('epoch', pg_catalog.pg_last_xact_replay_timestamp()) * 1000000)::pg_catalog.int8 as replayed_us,
       case
         when pg_catalog.current_setting('recovery_target_time', true) ~ ':[0-9.]+ ?[+-][0-9]{2}(:?[0-9]{2})?$'
         then (pg_catalog.date_part('epoch', pg_catalog.current_setting('recovery_target_time', true)::pg_catalog.timestamptz)
               * 1000000)::pg_catalog.int8
       end as target_us
