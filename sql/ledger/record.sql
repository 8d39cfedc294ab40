-- Records the transaction that it runs in.
-- Parameters: $1 text the digest of the plan's part, $2 text the run's id, $3 text what was done, $4 text what was written to
-- each table (JSON), $5 text the tool's version.
-- Columns: none.
-- Server: 13.
insert into "failback".ledger (plan_digest, run_id, action, tables, tool_version)
values ($1, $2, $3, $4::pg_catalog.text::pg_catalog.json, $5)
