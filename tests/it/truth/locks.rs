//! What a merge and an undo do where somebody has what they want to lock.

use std::sync::Arc;

use failback::engine::{Event, Progress, Reporter, Stop};
use failback::error::{Error, ErrorKind, OldState};
use tokio::sync::Notify;
use tokio_postgres::Client;

use super::*;

/// Two tables with a row of NEW's each. Of the second one OLD does not keep the key unique, so that a merge locks out writers.
const BOTH: &str = "create table a (k int primary key, v text, updated_at timestamptz default '2020-01-01');
                    create table b (k int, v text, updated_at timestamptz default '2020-01-01');
                    insert into a values (1, 'old'); insert into b values (1, 'old')";

const WORK: &str = "update a set v = 'new', updated_at = now(); update b set v = 'new', updated_at = now()";

fn planned_with(test: &str, waits: &str) -> Recovery {
    let case = recovery(pair(test, BOTH, WORK, ""), &format!("{waits}\n[tables.\"public.b\"]\nkey = [\"k\"]\n"));
    assert_eq!(super::planned(&case).held, 0);
    case
}

/// Somebody with a lock, in a session that goes by a name.
async fn holder(case: &Recovery, statement: &str) -> (Client, i32) {
    let holder = support::connect(&case.pair.old).await;
    holder.batch_execute(&format!("set application_name = 'night job'; begin; {statement}")).await.expect("a lock");
    let pid = holder.query_one("select pg_backend_pid()", &[]).await.expect("a number").get(0);
    (holder, pid)
}

fn expect_named(error: &Error, pid: i32) {
    assert_eq!((error.kind(), error.kind().exit_code()), (ErrorKind::Timeout, 6), "{error:?}");
    // An undo that only looks has not begun to write.
    assert!(matches!(error.old_state(), Some(OldState::RolledBack | OldState::NotWritten)), "{error:?}");
    let cause = error.causes().join("; ");
    for part in [&format!("session {pid} of "), "application night job", "idle in transaction", "in a transaction since 2"] {
        assert!(cause.contains(part), "{part}: {cause}");
    }
    assert!(!cause.contains("secret"), "what a session runs holds values: {cause}");
    assert!(error.hints().iter().any(|hint| hint.contains("a retry is safe")), "{:?}", error.hints());
}

#[test]
fn whoever_has_the_lock_is_named() {
    for (number, lock) in [
        "lock table b in access exclusive mode; select 'secret'",
        "lock table b in row exclusive mode; select 'secret'",
        "select from a where k = 1 and v <> 'secret' for update",
    ]
    .into_iter()
    .enumerate()
    {
        let case = planned_with(&format!("lock_named_{number}"), "[old]\nlock_timeout = \"2s\"\nlock_wait = \"0s\"");
        block_on(async {
            let (_holder, pid) = holder(&case, lock).await;
            let error = engine::merge(&case.context, MergeOptions::default()).await.expect_err("somebody has it");
            expect_named(&error, pid);
        });
        block_on(engine::merge(&case.context, MergeOptions::default())).expect("the retry");
        block_on(async {
            let (_holder, pid) = holder(&case, lock).await;
            let error = engine::undo(&case.context, MergeOptions::default()).await.expect_err("somebody has it");
            expect_named(&error, pid);
        });
        block_on(engine::undo(&case.context, MergeOptions::default())).expect("the retry");
        assert_eq!(support::value(&case.pair.old, "select a.v || b.v from a, b").as_deref(), Some("oldold"));
    }
}

/// However long one table is waited for, nobody waits for rows of another.
#[test]
fn while_one_table_is_waited_for_the_others_can_be_written() {
    const WAITING: &str = "select count(*) from pg_stat_activity
         where wait_event_type = 'Lock' and datname = current_database() and application_name = 'failback'";
    for mode in ["access exclusive", "row exclusive"] {
        let case = planned_with("lock_others", "[old]\nlock_timeout = \"10m\"");
        block_on(async {
            let (holder, _) = holder(&case, &format!("lock table b in {mode} mode")).await;
            let (observer, writer) = (support::connect(&case.pair.old).await, support::connect(&case.pair.old).await);
            let writing = async {
                while observer.query_one(WAITING, &[]).await.expect("a number").get::<_, i64>(0) == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                let write = "set lock_timeout = '1s'; begin; update a set v = 'mine' where k = 1; rollback";
                writer.batch_execute(write).await.expect("a write while the merge waits");
                holder.batch_execute("rollback").await.expect("the end");
            };
            let (merged, ()) = futures::join!(engine::merge(&case.context, MergeOptions::default()), writing);
            merged.expect("a merge once the table is free");
        });
    }
}

/// Lets go of a lock once it is said that somebody waits for it.
struct Heard(Arc<Notify>);

impl Progress for Heard {
    fn event(&self, event: Event) {
        if matches!(event, Event::Note(note) if note.contains("application night job") && note.contains("tried again")) {
            self.0.notify_one();
        }
    }
}

#[test]
fn what_is_not_free_is_tried_again_until_it_is() {
    let case = planned_with("lock_again", "[old]\nlock_timeout = \"500ms\"\nlock_wait = \"10m\"");
    let said = Arc::new(Notify::new());
    let context = case.context.clone().with_reporter(Reporter::new(Arc::new(Heard(Arc::clone(&said))), Stop::default()));
    block_on(async {
        let (holder, _) = holder(&case, "lock table b in access exclusive mode").await;
        let letting_go = async {
            said.notified().await;
            holder.batch_execute("rollback").await.expect("the end");
        };
        let (merged, ()) = futures::join!(engine::merge(&context, MergeOptions::default()), letting_go);
        assert_eq!(merged.expect("a merge once the table is free").rows(), 2);
    });
}

#[test]
fn a_step_that_only_reads_waits_for_nobody_without_end() {
    let waits = "[old]\nlock_timeout = \"100ms\"\nlock_wait = \"1s\"";
    let both = format!("{BOTH}; create unique index on a (v)");
    let case = recovery(pair("lock_readers", &both, WORK, ""), waits);
    let (context, url) = (&case.context, &case.pair);
    block_on(async {
        for step in ["export", "diff", "plan", "verify"] {
            let side = if step == "export" { &url.new } else { &url.old };
            let holder = support::connect(side).await;
            let lock = "set application_name = 'night job'; begin; lock table a in access exclusive mode; select 'secret'";
            holder.batch_execute(lock).await.expect("a lock");
            let error = match step {
                "export" => engine::export(context).await.expect_err("locked"),
                "diff" => engine::diff(context).await.expect_err("locked"),
                "plan" => engine::plan(context).await.expect_err("locked"),
                _ => engine::verify(context).await.expect_err("locked"),
            };
            assert_eq!((error.kind(), error.kind().exit_code()), (ErrorKind::Timeout, 6), "{step}: {error:?}");
            let said = error.causes().join("; ");
            assert!(said.contains("application night job") && !said.contains("secret"), "{step}: {said}");
            assert!(error.hints().iter().any(|hint| hint.contains("a retry is safe")), "{step}: {:?}", error.hints());
            holder.batch_execute("rollback").await.expect("the end");
            match step {
                "export" => {
                    let _ = std::fs::remove_file(case.folder().join("run/run.json"));
                    engine::export(context).await.map(drop)
                }
                "diff" => engine::diff(context).await.map(drop),
                "plan" => {
                    engine::plan(context).await.expect("a plan");
                    engine::merge(context, MergeOptions { leave_held: true, ..MergeOptions::default() }).await.map(drop)
                }
                _ => engine::verify(context).await.map(drop),
            }
            .expect("the retry");
        }
    });
}
