-- How long a statement of this session may take: counting rows is worth no more than that.
-- Parameters: $1 text the time, with its unit.
-- Columns: set_config text, which nobody reads.
-- Server: 13.
select pg_catalog.set_config('statement_timeout', $1, false)
