-- What happened last to a run on this database, whichever of its plans it was. $1 text: the run. Columns: action text.
-- No row: nothing. Least version: 13.
select action from failback.ledger where run_id = $1 order by id desc limit 1
