-- What happened last to a plan on this database. $1 text: the plan's digest. Columns: action text, tables text (JSON),
-- recorded_at text. No row: nothing. Least version: 13.
select action, tables::text, recorded_at::text from failback.ledger where plan_digest = $1 order by id desc limit 1
