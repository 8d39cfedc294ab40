-- Whether an index leads from values of some columns of a table to its rows.
-- Parameters: $1 text the table, quoted; $2 text[] the columns.
-- Columns: found bool.
-- Server: 13.
-- Filters: an index that is partial, or still being built, has not all rows.
select exists (
       select
         from pg_catalog.pg_index as i
         join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = pg_catalog.to_regclass($1)
          and a.attname::pg_catalog.text = any ($2)
          and i.indisvalid
          and i.indisready
          and i.indpred is null) as found
