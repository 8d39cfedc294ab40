-- Records a unit in its own transaction. $1 text: plan digest, $2 text: run, $3 text: 'merge' or 'undo', $4 text: JSON of
-- what was written a table, $5 text: tool version. Least version: 13.
insert into failback.ledger (plan_digest, run_id, action, tables, tool_version) values ($1, $2, $3, $4::text::json, $5)
