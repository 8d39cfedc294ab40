//! A live merge among users who lock and write the same rows: theirs are never lost nor overwritten, none of them fails for our
//! sake, and every row of the plan has come or is named.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use failback::engine::{LiveOptions, Outcome, State};

use super::undoing::{KEEP, left};
use super::*;
use crate::support::Dice;

const ROWS: usize = 1000;

/// What NEW has made of a row's number. Whatever users add to OLD's is less.
const MERGED: i64 = 1_000_000;

const TABLES: &str = "create table family (id int primary key, v bigint not null default 0, updated_at timestamptz not null
        default '2020-01-01') with (fillfactor = 60);
    create table member (id int primary key, family int not null references family, v bigint not null default 0,
        updated_at timestamptz not null default '2020-01-01') with (fillfactor = 60);
    insert into family select g from generate_series(1, 1000) g;
    insert into member select g, 1 + g % 1000 from generate_series(1, 2000) g";

const NEW: &str = "update family set v = 1000000, updated_at = now() where id <= 800;
    update member set v = 1000000, updated_at = now() where id % 3 <> 0;
    insert into family select g, 1000000, now() from generate_series(1001, 1200) g;
    insert into member select g + 2000, g, 1000000, now() from generate_series(1001, 1200) g";

/// One user: locks a member and its family, as an application does, for some milliseconds, and adds to both. Returns the
/// families and the members that were written, once for each write.
fn user(url: &str, dice: &mut Dice, stop: &AtomicBool) -> (Vec<usize>, Vec<usize>) {
    let client = block_on(support::connect(url));
    let (mut families, mut members) = (Vec::new(), Vec::new());
    // So few that all rows that are left for their sake can be listed.
    while !stop.load(Ordering::Relaxed) && members.len() < 150 {
        let member = 1 + dice.below(2 * ROWS);
        let family = 1 + member % ROWS;
        let write = format!(
            "begin; update member set v = v + 1, updated_at = now() where id = {member}; select pg_sleep({});
             update family set v = v + 1, updated_at = now() where id = {family}; {}",
            if dice.below(4) == 0 { 0.02 } else { 0.0 },
            if dice.below(8) == 0 { "rollback" } else { "commit" },
        );
        // A deadlock, or anything else that we did to a user, would be an error here.
        block_on(client.batch_execute(&write)).expect("a user's transaction");
        if write.ends_with("commit") {
            families.push(family);
            members.push(member);
        }
        std::thread::sleep(Duration::from_millis(5 + dice.below(10) as u64));
    }
    (families, members)
}

fn numbers(url: &str, table: &str) -> Vec<(usize, i64)> {
    let number = |text: &Option<String>| text.as_deref().expect("a number").parse::<i64>().expect("a number");
    let rows = support::rows(url, &format!("select id, v from {table} order by id"));
    rows.iter().map(|row| (usize::try_from(number(&row[0])).expect("an id"), number(&row[1]))).collect()
}

/// Every row is NEW's with what users wrote behind it, or OLD's with all that they wrote; it is named if it is not NEW's.
fn expect_account(url: &str, table: &str, writes: &[usize], planned: impl Fn(usize) -> bool, named: &BTreeSet<String>) {
    let mut counts = vec![0; 4 * ROWS];
    for id in writes {
        counts[*id] += 1;
    }
    for (id, v) in numbers(url, table) {
        let key = format!("public.{table}: id = {id}");
        if v >= MERGED {
            assert!(planned(id), "{key} was not to be written");
            assert!(v - MERGED <= counts[id], "{key}: {v}, {} writes", counts[id]);
            assert!(!named.contains(&key), "{key} has come, and is named as left");
        } else {
            assert_eq!(v, counts[id], "{key}: a write is lost");
            assert_eq!(named.contains(&key), planned(id), "{key}: {v}");
        }
    }
}

#[test]
fn users_lose_nothing_and_what_they_have_written_first_is_named() {
    let (mut moved, mut written) = (0, 0);
    for (seed, major) in [(1, 15), (2, 13), (3, 18)] {
        let majors = support::Majors { old: major, new: major };
        let pair = support::pair_on("live_load", majors);
        for side in Side::BOTH {
            support::sql(pair.url(side), TABLES);
        }
        support::sql(&pair.new, NEW);
        let case = recovery(pair, "");
        planned(&case);
        let (stop, url) = (AtomicBool::new(false), case.pair.old.as_str());
        let live = LiveOptions { batch_rows: 100, batch_time: Duration::from_millis(100) };
        let mut seeds: Vec<_> = (0..4).map(|user| Dice::seeded(10 * seed + user)).collect();
        let (report, writes) = std::thread::scope(|scope| {
            let users: Vec<_> = seeds.iter_mut().map(|dice| scope.spawn(|| user(url, dice, &stop))).collect();
            std::thread::sleep(Duration::from_millis(200));
            let report = block_on(engine::merge_live(&case.context, KEEP, live));
            stop.store(true, Ordering::Relaxed);
            (report, users.into_iter().map(|user| user.join().expect("a user")).collect::<Vec<_>>())
        });
        let report = report.expect("a live merge");
        let named: BTreeSet<_> = left(&report).into_iter().collect();
        let families: Vec<_> = writes.iter().flat_map(|(families, _)| families).copied().collect();
        let members: Vec<_> = writes.iter().flat_map(|(_, members)| members).copied().collect();
        expect_account(url, "family", &families, |id| id <= 800 || id > 1000, &named);
        expect_account(url, "member", &members, |id| id % 3 != 0 || id > 3000, &named);
        moved += report.left_rows();
        written += report.rows();
        let looked = block_on(engine::verify(&case.context)).expect("a look");
        assert_eq!(looked.outcomes.get(Outcome::NotMerged), report.left_rows());
        assert!(matches!(looked.state_of_rows(), State::Verified | State::VerifiedWithHeld), "{looked:#?}");
        let undone = block_on(engine::undo(&case.context, KEEP)).expect("an undo");
        assert_eq!(undone.rows() + undone.left_rows(), report.rows());
    }
    assert!(moved > 10 && written > 4000, "{moved} rows were left, {written} were written");
}

#[test]
fn a_row_that_somebody_keeps_locked_is_left_and_a_table_is_waited_for() {
    let case = recovery(
        pair(
            "live_locked",
            "create table t (id int primary key, v int, updated_at timestamptz default '2020-01-01');
             insert into t select g, 0 from generate_series(1, 40) g",
            "update t set v = 1, updated_at = now()",
            "",
        ),
        "",
    );
    planned(&case);
    let client = block_on(support::connect(&case.pair.old));
    block_on(client.batch_execute("begin; select from t where id = 7 for update")).expect("a lock");
    let live = LiveOptions { batch_rows: 10, batch_time: Duration::from_millis(100) };
    let report = block_on(engine::merge_live(&case.context, KEEP, live)).expect("a live merge");
    assert_eq!((report.rows(), left(&report)), (39, vec!["public.t: id = 7".to_owned()]));
    assert!(report.databases[0].left[0].why.contains("in the way of others"), "{:?}", report.databases[0].left);
    block_on(client.batch_execute("rollback")).expect("an end");
    block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    block_on(client.batch_execute("begin; lock table t in share mode")).expect("a lock");
    let report = std::thread::scope(|scope| {
        let merging = scope.spawn(|| block_on(engine::merge_live(&case.context, KEEP, live)));
        std::thread::sleep(Duration::from_secs(3));
        block_on(client.batch_execute("rollback")).expect("an end");
        merging.join().expect("a merge")
    });
    assert_eq!(report.expect("a live merge").rows(), 40);
}
