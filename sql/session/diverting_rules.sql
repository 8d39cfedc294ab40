-- The rules of a table that would put something else in the place of what is written, as rules fire at their origin.
-- Parameters: $1 text the table, quoted.
-- Columns: name text.
-- Server: 13.
select r.rulename::pg_catalog.text as name
  from pg_catalog.pg_rewrite as r
 where r.ev_class = pg_catalog.to_regclass($1)::pg_catalog.oid
   and r.ev_type <> '1'
   and r.is_instead
   and r.ev_enabled in ('O', 'A')
 order by r.rulename collate "C"
