-- Values that cut a column into parts of about as many rows, by the server's statistics; no row where there are none.
-- Parameters: $1 text schema, $2 text table, $3 text column.
-- Columns: bounds text[].
-- Server: 13.
select s.histogram_bounds::pg_catalog.text::pg_catalog.text[] as bounds
  from pg_catalog.pg_stats as s
 where s.schemaname = $1 and s.tablename = $2 and s.attname = $3 and s.histogram_bounds is not null
 -- A partitioned table has those of its partitions together; what an ordinary table inherits is not its own.
 order by s.inherited
 limit 1
