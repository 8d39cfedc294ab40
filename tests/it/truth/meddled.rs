//! What OLD makes of rows while they are written: found before COMMIT, and nothing stays.

use failback::engine::{self, MergeOptions};
use failback::error::{ErrorKind, OldState};

use super::*;

const SILENT: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

/// A check, and what makes its function write another row, which no replica role keeps quiet.
const CHECK: &str = "create function meddle(i int) returns bool language sql as 'select true';
     alter table t add constraint meddle check (meddle(id))";
const MEDDLING: &str = "create or replace function meddle(i int) returns bool language plpgsql as
        $$ begin if i = 10 then update public.t set v = 'meddled' where id = 3; end if; return true; end $$";

#[test]
fn rows_that_come_out_otherwise_are_found_before_commit() {
    let both = "create table t (id int primary key, v text, created_at timestamptz not null default '2020-01-01',
                                updated_at timestamptz not null default '2020-01-01');
                insert into t select g, 'v' from generate_series(1, 5) g";
    let new = "update t set v = 'new', updated_at = now() where id in (2, 3); insert into t values (10, 'new', now(), now())";
    let case = recovery(pair("meddled", both, new, CHECK), "");
    planned(&case);
    support::sql(&case.pair.old, MEDDLING);
    let values = || support::value(&case.pair.old, "select string_agg(id || v, ' ' order by id) from t");
    let before = values();
    let refused = block_on(engine::merge(&case.context, SILENT)).expect_err("a row comes out otherwise");
    assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)), "{refused:?}");
    assert!(refused.causes().iter().any(|cause| cause.contains("1 row is not as planned")), "{refused:?}");
    assert_eq!(values(), before);
    support::sql(&case.pair.old, "create or replace function meddle(i int) returns bool language sql as 'select true'");
    block_on(engine::merge(&case.context, SILENT)).expect("a merge");
    assert_eq!(values().as_deref(), Some("1v 2new 3new 4v 5v 10new"));
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    assert!(verified.tables.iter().all(|table| table.mismatched == 0), "{:?}", verified.tables);
    block_on(engine::undo(&case.context, SILENT)).expect("an undo");
    assert_eq!(values(), before);
}
