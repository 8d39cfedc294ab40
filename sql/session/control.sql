-- The cluster's identifier and timeline. Ask only where identity.sql says may_read_control: a refusal ends a transaction.
-- Parameters: none.
-- Columns: system_identifier text, timeline int4.
-- Server: 13.
select s.system_identifier::pg_catalog.text as system_identifier,
       c.timeline_id as timeline
  from pg_catalog.pg_control_system() as s,
       pg_catalog.pg_control_checkpoint() as c;
