-- What happened last to a run on this database, whichever of its plans it was.
-- Parameters: $1 text the run's id.
-- Columns: action text. No row: nothing happened.
-- Server: 13.
select l.action
  from "failback".ledger as l
 where l.run_id = $1
 order by l.id desc
 limit 1
