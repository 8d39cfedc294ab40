-- As brought.sql, where an earlier failback made the table, so that a table is known by its name alone.
-- Parameters: $1 text the table, as schema.name.
-- Columns: stands bool, key text (always NULL), keys bytea (16 bytes a digest).
-- Server: 13.
select b.stands,
       null::pg_catalog.text as key,
       b.keys
  from "failback".brought as b
 where b.relation = $1
 order by b.id
