-- Lets the ledger take the batches of live merges, and says by its format that it has them: whoever does not know them would
-- take a part of a merge for all of it.
-- A batch.
-- Parameters: none.
-- Columns: none.
-- Server: 13.
alter table "failback".ledger drop constraint if exists ledger_action_check;
alter table "failback".ledger
    add constraint ledger_action_check check (action in ('merge', 'merge_batch', 'undo', 'undo_part'));
comment on schema "failback" is
    'failback ledger, format 2: what was merged here, at once or in batches, and undone; failback undo needs it';
