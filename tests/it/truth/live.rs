//! A merge in batches while OLD serves traffic: what comes is what a merge at once brings, what users have written stays
//! theirs, and a part is never taken for the whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use failback::engine::{DatabaseOutcome, Event, LiveOptions, MergeReport, Outcome, Progress, Reporter, State, Stop};
use failback::error::{ErrorKind, OldState};

use super::undoing::{DELETES, KEEP, left, texts, undo};
use super::*;

/// Parents and children, a table whose unique values a row gives up and another gets, one that refers to itself.
pub(super) const ESTATE: &str =
    "create table parent (id int primary key, note text, created_at timestamptz default '2020-01-01',
        updated_at timestamptz default '2020-01-01');
    create table child (id serial primary key, parent int references parent, created_at timestamptz default '2020-01-01',
        updated_at timestamptz default '2020-01-01');
    create table name (id int primary key, name text unique, boss int references name, created_at timestamptz
        default '2020-01-01', updated_at timestamptz default '2020-01-01');
    insert into parent select g, 'p' from generate_series(1, 20) g;
    insert into child (parent) select 1 + g % 10 from generate_series(1, 40) g;
    insert into name select g, 'n' || g, null from generate_series(1, 20) g";

pub(super) const TABLES: [&str; 3] = ["parent", "child", "name"];

pub(super) const CHANGES: &str = "update parent set note = 'x', updated_at = now() where id <= 8;
    insert into parent select g, 'new', now(), now() from generate_series(21, 30) g;
    insert into child (parent, created_at, updated_at) select 21 + g % 10, now(), now() from generate_series(1, 20) g;
    insert into child (parent, created_at, updated_at) select 1 + g, now(), now() from generate_series(1, 5) g;
    update child set parent = 12, updated_at = now() where parent = 10; delete from parent where id = 10;
    delete from name where id = 5;
    insert into name values (25, 'n5', null, now(), now());
    update name set name = 'freed', updated_at = now() where id = 6;
    insert into name select g, 'n6' || g, g - 1, now(), now() from generate_series(26, 29) g";

pub(super) const SMALL: LiveOptions = LiveOptions { batch_rows: 6, batch_time: Duration::from_secs(5) };

pub(super) fn live(case: &Recovery) -> Result<MergeReport, Error> {
    block_on(engine::merge_live(&case.context, KEEP, SMALL))
}

pub(super) fn all(url: &str) -> Vec<Vec<String>> {
    TABLES.map(|table| texts(url, table)).to_vec()
}

pub(super) fn entries(case: &Recovery) -> String {
    let query =
        "select string_agg(action || ' ' || n, ', ' order by first) from (select action, count(*) as n, min(id) as first
        from failback.ledger group by action) l";
    if support::value(&case.pair.old, "select to_regclass('failback.ledger')").is_none() {
        return String::new();
    }
    support::value(&case.pair.old, query).unwrap_or_default()
}

/// Asks to stop once so many tables of batches were written.
struct StopAfter(AtomicU32, Stop);

impl Progress for StopAfter {
    fn event(&self, event: Event) {
        if matches!(event, Event::Written { .. }) && self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.1.ask();
        }
    }
}

/// Merges until so many tables of batches were written, and returns how it ended.
fn stopped_after(case: &Recovery, writes: u32) -> Error {
    let stop = Stop::default();
    let reporter = Reporter::new(Arc::new(StopAfter(writes.into(), stop.clone())), stop);
    let context = case.context.clone().with_reporter(reporter);
    block_on(engine::merge_live(&context, KEEP, SMALL)).expect_err("a stop")
}

fn verified(case: &Recovery) -> engine::VerifyReport {
    block_on(engine::verify(&case.context)).expect("a look")
}

#[test]
fn batches_bring_what_a_merge_at_once_brings_and_an_undo_takes_all_of_them_back() {
    let (once, case) =
        (recovery(pair("live_once", ESTATE, CHANGES, ""), ""), recovery(pair("live_batches", ESTATE, CHANGES, ""), ""));
    for case in [&once, &case] {
        case.decide(DELETES);
        planned(case);
    }
    let before = all(&case.pair.old);
    block_on(engine::merge(&once.context, KEEP)).expect("a merge at once");
    let wanted = block_on(engine::status(&once.context)).expect("a status");
    let report = live(&case).expect("a live merge");
    let strip = |rows: Vec<Vec<String>>| -> Vec<usize> { rows.iter().map(Vec::len).collect() };
    assert_eq!(strip(all(&case.pair.old)), strip(all(&once.pair.old)));
    assert_eq!(all(&case.pair.old), all(&case.pair.new));
    assert_eq!((report.left_rows(), report.databases[0].outcome), (0, DatabaseOutcome::Done));
    let entry = |status: &engine::StatusReport| status.ledger.values().next().cloned().expect("a database").expect("OLD");
    let found = block_on(engine::status(&case.context)).expect("a status");
    assert_eq!(found.next, "verify");
    let (found, wanted) = (entry(&found).expect("an entry"), entry(&wanted).expect("an entry"));
    let sorted = |mut tables: Vec<_>| {
        tables.sort_by_key(|(name, _): &(String, _)| name.clone());
        tables
    };
    assert_eq!((found.action, sorted(found.tables)), (wanted.action, sorted(wanted.tables)));
    assert!(found.written_in.len() > 5, "{:?}", found.written_in);
    assert!(entries(&case).starts_with("merge_batch ") && entries(&case).ends_with(", merge 1"), "{}", entries(&case));
    let looked = verified(&case);
    assert_eq!((looked.state_of_rows(), looked.outcomes.get(Outcome::NotMerged)), (State::Verified, 0), "{looked:#?}");
    let again = live(&case).expect("nothing to do");
    assert_eq!((again.rows(), again.databases[0].outcome), (0, DatabaseOutcome::DoneBefore));
    assert_eq!(block_on(engine::merge(&case.context, KEEP)).expect("nothing").rows(), 0);
    let undone = undo(&case);
    assert_eq!((undone.rows(), undone.left_rows()), (report.rows(), 0));
    assert_eq!(all(&case.pair.old), before);
    assert!(live(&case).expect("once more").rows() > 0);
    assert_eq!(all(&case.pair.old), all(&case.pair.new));
}

#[test]
fn a_row_that_has_moved_is_left_with_what_hangs_on_it_and_the_others_come() {
    let case = recovery(pair("live_moved", ESTATE, CHANGES, ""), "");
    case.decide(DELETES);
    planned(&case);
    let before = all(&case.pair.old);
    // A row that is updated, a parent whose children go with it, and a key that somebody else has taken.
    support::sql(
        &case.pair.old,
        "update parent set note = 'mine' where id = 3; update child set updated_at = now() where parent = 10 and id = 9;
         insert into parent values (25, 'theirs')",
    );
    let (mine, report) = (all(&case.pair.old), live(&case).expect("a live merge"));
    let keys = left(&report);
    assert!(keys.contains(&"public.parent: id = 3".to_owned()), "{keys:?}");
    assert!(keys.contains(&"public.parent: id = 10".to_owned()), "its child has moved, so it stays: {keys:?}");
    assert!(keys.contains(&"public.parent: id = 25".to_owned()), "{keys:?}");
    assert!(keys.iter().filter(|key| key.starts_with("public.child")).count() >= 2, "children of 25: {keys:?}");
    let is = |id: u32, note: &str| {
        let query = format!("select count(*) from parent where id = {id} and note = '{note}'");
        assert_eq!(support::value(&case.pair.old, &query).as_deref(), Some("1"), "{id} {note}");
    };
    for (id, note) in [(3, "mine"), (25, "theirs"), (4, "x"), (24, "new")] {
        is(id, note);
    }
    let looked = verified(&case);
    assert_eq!(looked.state_of_rows(), State::VerifiedWithHeld, "{looked:#?}");
    assert_eq!(looked.outcomes.get(Outcome::NotMerged), report.left_rows());
    assert_eq!(looked.outcomes.get(Outcome::Applied), report.rows());
    assert!(looked.ledger.is_empty(), "{:?}", looked.ledger);
    let undone = undo(&case);
    assert_eq!((undone.rows(), undone.left_rows()), (report.rows(), 0), "{undone:#?}");
    assert_eq!(all(&case.pair.old), mine);
    assert_ne!(mine, before);
}

#[test]
fn a_live_merge_that_was_stopped_is_neither_nothing_nor_all_and_is_gone_on_with() {
    let case = recovery(pair("live_stopped", ESTATE, CHANGES, ""), "");
    case.decide(DELETES);
    planned(&case);
    let before = all(&case.pair.old);
    let stopped = stopped_after(&case, 4);
    assert_eq!(stopped.kind(), ErrorKind::Interrupted);
    assert!(matches!(stopped.old_state(), Some(OldState::Committed(_))), "{stopped:?}");
    assert!(entries(&case).starts_with("merge_batch ") && !entries(&case).contains("merge 1"), "{}", entries(&case));
    for refused in [
        block_on(engine::merge(&case.context, KEEP)).expect_err("not at once"),
        block_on(engine::verify(&case.context)).expect_err("nothing to verify yet"),
    ] {
        assert_eq!(refused.kind(), ErrorKind::PartlyChanged, "{refused:?}");
        assert!(refused.hints().concat().contains("--live"), "{refused:?}");
    }
    let status = block_on(engine::status(&case.context)).expect("a status");
    assert!(status.is_unfinished() && status.next == "merge" && status.unended.is_empty(), "{status:#?}");
    // Another run is kept from OLD until this one is ended.
    let mut other =
        recovery(Pair { database: case.pair.database.clone(), old: case.pair.old.clone(), new: case.pair.new.clone() }, "");
    other.choose("public.parent");
    planned(&other);
    for refused in [block_on(engine::merge(&other.context, KEEP)), live(&other)] {
        let refused = refused.expect_err("another one is unfinished");
        assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::NotWritten)), "{refused:?}");
        assert!(refused.in_full().contains("is not finished"), "{refused:?}");
    }
    assert_eq!(stopped_after(&case, 3).kind(), ErrorKind::Interrupted);
    let report = live(&case).expect("the rest");
    assert_eq!(all(&case.pair.old), all(&case.pair.new));
    assert_eq!(verified(&case).state_of_rows(), State::Verified);
    assert_eq!(undo(&case).rows(), report.rows(), "the report is about all batches");
    assert_eq!(all(&case.pair.old), before);
    // What has come of one that was stopped can be taken back, and it begins anew.
    assert_eq!(stopped_after(&case, 4).kind(), ErrorKind::Interrupted);
    let undone = undo(&case);
    assert!(undone.rows() > 0 && undone.left_rows() == 0, "{undone:#?}");
    assert_eq!(all(&case.pair.old), before);
    assert!(live(&case).is_ok());
    assert_eq!(all(&case.pair.old), all(&case.pair.new));
}

#[test]
fn a_plan_that_cannot_be_carried_out_in_batches_is_refused_by_name_before_anything_is_written() {
    let of = |test: &str, tables: &str, new: &str, names: &[&str]| {
        let case = recovery(pair(test, tables, new, ""), "");
        case.decide("[defaults]\ndelete = \"apply_new\"\nambiguous_missing_on_old = \"apply_new\"\n");
        planned(&case);
        let refused = live(&case).expect_err(test);
        assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::NotWritten)), "{refused:?}");
        for name in names {
            assert!(refused.in_full().contains(name), "{test}: {name}: {}", refused.in_full());
        }
        assert_eq!(entries(&case), "");
        block_on(engine::merge(&case.context, KEEP)).expect("at once it can");
    };
    let stamps = "created_at timestamptz default '2020-01-01', updated_at timestamptz default '2020-01-01'";
    let keyed = format!("create table t (id int primary key, v int, {stamps}); insert into t values (1, 1), (2, 2)");
    of(
        "live_no_key",
        "create table log (line text); insert into log values ('a')",
        "insert into log values ('b')",
        &["public.log has no key"],
    );
    of(
        "live_swap",
        &format!("{keyed}; alter table t add unique (v)"),
        "update t set v = 3, updated_at = now() where id = 1; update t set v = 1, updated_at = now() where id = 2;
         update t set v = 2, updated_at = now() where id = 1",
        &["public.t: unique values move, or may, between 2 of its rows"],
    );
    of(
        "live_deferrable",
        &format!("{keyed}; alter table t add constraint u unique (v) deferrable"),
        "update t set v = 3, updated_at = now() where id = 1",
        &["public.t would be locked in", "DEFERRABLE"],
    );
    of(
        "live_always",
        &format!(
            "{keyed}; create function f() returns trigger language plpgsql as 'begin return new; end';
             create trigger a before update on t for each row execute function f(); alter table t enable always trigger a"
        ),
        "update t set v = 3, updated_at = now() where id = 1",
        &["public.t would be locked in", "ALWAYS"],
    );
    of(
        "live_large",
        "create table p (id int primary key); create table c (id int primary key, p int references p)",
        "insert into p values (1); insert into c select g, 1 from generate_series(1, 9) g",
        &["10 rows of public.c, public.p hang together", "a batch has at most 6"],
    );
}

#[test]
fn a_later_run_knows_what_batches_have_brought_as_it_knows_what_came_at_once() {
    let found = ["live_later_once", "live_later"].map(|test| {
        let case = recovery(pair(test, ESTATE, CHANGES, ""), "");
        case.decide(DELETES);
        planned(&case);
        let merged = if test == "live_later" { live(&case) } else { block_on(engine::merge(&case.context, KEEP)) };
        merged.expect("a merge");
        support::sql(
            &case.pair.old,
            "delete from child where id in (41, 42); update parent set note = 'later', updated_at = now() where id = 22;
             delete from parent where id = 29 and not exists (select from child where parent = 29)",
        );
        support::sql(
            &case.pair.new,
            "update parent set note = 'again', updated_at = now() where id in (4, 22, 23); delete from name where id = 29;
             update child set updated_at = now() where id in (41, 43)",
        );
        let pair = Pair { database: case.pair.database.clone(), old: case.pair.old.clone(), new: case.pair.new.clone() };
        let later = recovery(pair, "");
        let classes = later.up_to_plan();
        let status = block_on(engine::status(&later.context)).expect("a status");
        (classes, format!("{:?}", status.actions))
    });
    assert_eq!(found[1], found[0]);
    assert!(found[0].0.values().sum::<u64>() > 5, "{found:?}");
}
