//! Rows that the UPDATE of a merge compares by itself: whatever others do to them before it, or while it waits, is seen.

use std::time::Duration;

use failback::engine::{self, MergeOptions};
use failback::error::{ErrorKind, OldState};

use super::held::texts;
use super::*;

const OPTIONS: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

const T: &str = "create table t (id int primary key, v numeric, note text, created_at timestamptz default '2020-01-01',
                     updated_at timestamptz not null default '2020-01-01');
                 insert into t select g, 1.0, repeat('x', 40) from generate_series(1, 20) g";

/// A merge that waits for the row that somebody is writing, in the statement that updates it: it has not locked the row before.
const WAITS: &str = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
    and application_name like 'failback%' and query like 'update only%sha256%'";

fn changed(test: &str, rows: u32) -> Recovery {
    let new = format!("update t set v = 2, updated_at = now() where id <= {rows}");
    let case = recovery(pair(test, T, &new, ""), "[tables.\"public.t\"]\nmethod = \"timestamps_only\"\n");
    assert_eq!(planned(&case).held, 0);
    case
}

/// What somebody does to row 3 while the merge waits for it, and whether the row is the one that was classified then.
const RACES: [(&str, &str, bool); 9] = [
    ("update", "update t set v = 7 where id = 3", false),
    ("spelling", "update t set v = 1.00 where id = 3", false),
    ("nothing", "update t set v = v where id = 3", true),
    ("twice", "update t set v = 7 where id = 3; update t set v = 8 where id = 3", false),
    ("there_and_back", "update t set v = 7 where id = 3; update t set v = 1.0 where id = 3", true),
    ("hot", "update t set note = 'mine' where id = 3", false),
    ("gone", "delete from t where id = 3", false),
    ("rekeyed", "update t set id = -3 where id = 3", false),
    ("again", "delete from t where id = 3; insert into t values (3, 1.00, repeat('x', 40))", false),
];

#[test]
fn what_others_write_while_the_update_waits_is_not_overwritten() {
    for (name, writes, is_as_classified) in RACES {
        for commits in [true, false] {
            let case = changed(&format!("swapped_{name}"), 5);
            let url = case.pair.old.as_str();
            let end = if commits { "commit" } else { "rollback" };
            let merged = std::thread::scope(|scope| {
                let user = block_on(support::connect(url));
                block_on(user.batch_execute(&format!("begin; {writes}"))).expect("a write");
                let merge = scope.spawn(|| block_on(engine::merge(&case.context, OPTIONS)));
                let watcher = block_on(support::connect(url));
                while block_on(watcher.query(WAITS, &[])).expect("an answer").is_empty() && !merge.is_finished() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                assert!(!merge.is_finished(), "{name}: the merge waits for the row");
                block_on(user.batch_execute(end)).expect("an end");
                merge.join().expect("a merge")
            });
            let rows = texts(url, "select v::text from t where id <= 5 order by id");
            if is_as_classified || !commits {
                assert_eq!(merged.expect("a merge").rows(), 5, "{name}, {end}");
                assert_eq!(rows, ["2"; 5], "{name}, {end}");
                continue;
            }
            let refused = merged.expect_err(name);
            assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)), "{refused:?}");
            let told = "1 row is no longer as classified: OLD was written since";
            assert!(refused.causes().iter().any(|one| one == told), "{name}: {refused:?}");
            assert!(rows.iter().all(|row| row != "2"), "{name}: nothing stays: {rows:?}");
        }
    }
}

#[test]
fn a_parent_is_locked_before() {
    let child = format!("{T}; create table c (id int primary key, t int references t)");
    let new = "update t set v = 2, updated_at = now() where id <= 5";
    let case = recovery(pair("swapped_parent", &child, new, ""), "[tables.\"public.t\"]\nmethod = \"timestamps_only\"\n");
    planned(&case);
    support::sql(&case.pair.old, "update t set v = 7 where id = 3");
    let refused = block_on(engine::merge(&case.context, OPTIONS)).expect_err("a row that was written since");
    assert!(refused.causes().iter().any(|one| one.contains("1 row is no longer as classified")), "{refused:?}");
}
