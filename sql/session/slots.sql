-- The logical slots of the server that bear a name as failback gives them, whichever database they are of.
-- Parameters: none.
-- Columns: name text, plugin text, database text, database_oid oid, is_read bool (whether somebody reads it now), wal_status
-- text (NULL: its server does not know), safe_bytes int8 (how much may be written before it is lost; NULL: any amount, or it is
-- lost), retained_bytes int8 (how much log the server keeps for it; NULL: it is lost), start text (NULL: it is lost or not made
-- yet), lost_why text (PostgreSQL 17).
-- Server: 13.
-- Filters: temporary slots, which end with their session.
select s.slot_name::pg_catalog.text as name, s.plugin::pg_catalog.text as plugin, s.database::pg_catalog.text as database,
       s.datoid as database_oid, s.active as is_read, s.wal_status, s.safe_wal_size as safe_bytes,
       pg_catalog.pg_wal_lsn_diff(case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
                                       else pg_catalog.pg_current_wal_lsn() end,
                                  s.restart_lsn)::pg_catalog.int8 as retained_bytes,
       s.confirmed_flush_lsn::pg_catalog.text as start,
       pg_catalog.to_jsonb(s) ->> 'invalidation_reason' as lost_why
  from pg_catalog.pg_replication_slots as s
 where s.slot_type = 'logical'
   and not s.temporary
   and s.slot_name ~ '^failback_[0-9]{8}t[0-9]{6}z_[0-9a-f]{4}_[0-9]+$'
 order by s.slot_name collate "C"
