-- What happened last to a plan on this database.
-- Parameters: $1 text the plan's digest.
-- Columns: action text, tables text (JSON), recorded_at text. No row: nothing happened.
-- Server: 13.
select l.action,
       l.tables::pg_catalog.text as tables,
       l.recorded_at::pg_catalog.text as recorded_at
  from failback.ledger as l
 where l.plan_digest = $1
 order by l.id desc
 limit 1
