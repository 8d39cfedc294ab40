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

/// What a definition was when it was read is not what the server has when the rows are.
#[test]
fn a_table_that_is_redefined_while_it_is_read_ends_the_export_and_a_retry_is_safe() {
    for (number, statement) in [
        "drop table small",
        "alter table small rename to smaller",
        "alter table small drop v",
        "alter table small rename v to w",
        "alter table small alter id type bigint",
        "alter table small alter v type int using length(v)",
    ]
    .into_iter()
    .enumerate()
    {
        let case = recovery(pair(&format!("redefined_{number}"), BOTH, WORK, ""), "");
        let told = block_on(engine::export(&interrupted(&case, Side::New, statement))).expect_err(statement);
        assert_eq!((told.kind(), told.kind().exit_code()), (ErrorKind::Contention, 6), "{statement}: {told:?}");
        assert!(told.hints().iter().any(|hint| hint.contains("a retry is safe")), "{statement}: {:?}", told.hints());
        assert!(!case.store.exists("manifest.json").expect("a look"), "{statement}");
        block_on(engine::export(&case.context)).expect(statement);
    }
}

#[test]
fn a_table_of_old_that_is_redefined_ends_the_steps_that_read_it() {
    let case = recovery(pair("redefined_old", BOTH, WORK, ""), "");
    let expect = |told: &Error, hint: &str| {
        assert_eq!(told.kind(), ErrorKind::Contention, "{told:?}");
        assert!(told.hints().iter().any(|said| said.contains("a retry is safe") && said.contains(hint)), "{:?}", told.hints());
    };
    block_on(engine::export(&case.context)).expect("an export");
    let told = block_on(engine::diff(&interrupted(&case, Side::Old, "alter table small rename v to w"))).expect_err("renamed");
    expect(&told, "failback export");
    support::sql(&case.pair.old, "alter table small rename w to v");
    case.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    block_on(engine::diff(&case.context)).expect("a diff");
    assert_eq!(block_on(engine::plan(&case.context)).expect("a plan").held, 0);
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
    let told = block_on(engine::verify(&interrupted(&case, Side::Old, "drop table small"))).expect_err("dropped");
    expect(&told, "failback verify");
}

/// The catalog's rows are of the snapshot, and what the server prints of them is of now.
#[test]
fn a_definition_that_changes_while_the_catalogs_are_read_is_of_the_moment() {
    let base =
        "create table t (id int primary key, v int check (v > 0)); create index on t ((v + 1)); create unique index on t (v)
                    where v > 1; create type mood as enum ('a'); create table moods (mood mood)";
    for (number, (statement, changes)) in [
        ("alter table t alter v type bigint", true),
        ("alter table t drop constraint t_v_check", false),
        ("drop table t", true),
        ("alter type mood add value 'b'", false),
        ("create table more (id int)", false),
    ]
    .into_iter()
    .enumerate()
    {
        let pair = pair(&format!("redefined_catalog_{number}"), base, "", "");
        let read = block_on(async {
            let client = support::connect(&pair.new).await;
            client
                .batch_execute("set search_path = ''; begin isolation level repeatable read; select 1")
                .await
                .expect("a snapshot");
            support::sql_now(&pair.new, statement).await;
            failback::catalog::read(&client).await
        });
        match read {
            Err(told) if changes => assert_eq!(told.kind(), ErrorKind::Contention, "{statement}: {told:?}"),
            Ok(_) if !changes => {}
            other => panic!("{statement}: {other:?}"),
        }
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
