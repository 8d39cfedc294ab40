-- What a server allows of logical slots, before one is made.
-- Parameters: none.
-- Columns: wal_level text, kept_mb int8 (how much log a slot may hold back; -1: any amount), free int8 (how many more slots
-- there can be), most int8 (how many there can be in all), may_replicate bool (whether this user may make one).
-- Server: 13.
select pg_catalog.current_setting('wal_level') as wal_level,
       (select s.setting::pg_catalog.int8 from pg_catalog.pg_settings as s where s.name = 'max_slot_wal_keep_size') as kept_mb,
       pg_catalog.current_setting('max_replication_slots')::pg_catalog.int8
         - (select pg_catalog.count(*) from pg_catalog.pg_replication_slots) as free,
       pg_catalog.current_setting('max_replication_slots')::pg_catalog.int8 as most,
       (select r.rolsuper or r.rolreplication from pg_catalog.pg_roles as r where r.rolname = current_user) as may_replicate
