//! Tables that are emptied or rewritten while they are read: a snapshot does not show their rows any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use failback::engine::{Event, Limits, Progress, Reporter, Stop};
use failback::error::{Error, ErrorKind};
use failback::store::Store as _;

use super::*;

/// Does something to a database once rows of the table `big` go by, which is read first.
struct Meanwhile {
    url: String,
    statement: &'static str,
    done: AtomicBool,
}

impl Progress for Meanwhile {
    fn event(&self, event: Event) {
        let is_big = matches!(&event, Event::Rows { table, .. } if table == "public.big");
        if is_big && !self.done.swap(true, Ordering::Relaxed) {
            std::thread::scope(|scope| scope.spawn(|| support::sql(&self.url, self.statement)).join().expect("a statement"));
        }
    }
}

/// A large table and one that is read after it.
const BOTH: &str = "create table big (id int primary key, v text, updated_at timestamptz default '2020-01-01');
     create table small (id int primary key, v text, updated_at timestamptz default '2020-01-01');
     insert into big select n, 'old' from generate_series(1, 2000) n;
     insert into small select n from generate_series(90, 109) n;
     analyze big";

const WORK: &str = "update big set v = 'new', updated_at = now(); update small set v = 'new', updated_at = now()";

/// The recovery, one chunk after the other, with something that happens to a side in between.
fn interrupted(case: &Recovery, side: Side, statement: &'static str) -> engine::Context {
    let meanwhile = Meanwhile { url: case.pair.url(side).to_owned(), statement, done: AtomicBool::new(false) };
    let reporter = Reporter::new(Arc::new(meanwhile), Stop::default());
    case.context.clone().with_reporter(reporter).with_limits(Limits::new(1))
}

fn expect_told(error: &Error) {
    assert_eq!((error.kind(), error.kind().exit_code()), (ErrorKind::Contention, 6), "{error:?}");
    assert!(
        error.causes().iter().any(|cause| cause.contains("public.small was emptied") && cause.contains("after the snapshot")),
        "{error:?}"
    );
    assert!(error.hints().iter().any(|hint| hint.contains("a retry is safe")), "{:?}", error.hints());
}

#[test]
fn rows_that_vanish_from_under_a_snapshot_end_the_export() {
    for (number, (side, statement)) in
        [(Side::New, "truncate small"), (Side::New, "alter table small alter v type varchar(9)"), (Side::Old, "truncate small")]
            .into_iter()
            .enumerate()
    {
        let case =
            recovery(pair(&format!("rewritten_{number}"), BOTH, WORK, ""), "[tables.\"public.small\"]\nmethod = \"compare\"");
        let told = block_on(engine::export(&interrupted(&case, side, statement))).expect_err(statement);
        expect_told(&told);
        assert!(!case.store.exists("manifest.json").expect("a look"), "{statement}");
    }
}

#[test]
fn what_is_added_meanwhile_is_no_obstacle() {
    let case = recovery(pair("rewritten_not", BOTH, WORK, ""), "");
    let add = "alter table small add note text default 'x'; insert into small values (1, 'more'); analyze small";
    let exported = block_on(engine::export(&interrupted(&case, Side::New, add))).expect("an export");
    assert_eq!(exported.rows, 2020);
}

#[test]
fn rows_of_old_that_vanish_end_the_diff() {
    let case = recovery(pair("rewritten_diff", BOTH, WORK, ""), "");
    block_on(engine::export(&case.context)).expect("an export");
    let told = block_on(engine::diff(&interrupted(&case, Side::Old, "truncate small"))).expect_err("emptied");
    expect_told(&told);
    let diff = block_on(engine::diff(&case.context)).expect("a diff of what is there now");
    assert_eq!(diff.tables.len(), 2);
}
