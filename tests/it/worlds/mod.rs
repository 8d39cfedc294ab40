//! Random worlds: small schemas, users who write on both sides before and between failback's steps, and an oracle in memory
//! that knows what must have become of every row.
//!
//! `FAILBACK_WORLD_SEED=n` plays one world again, `FAILBACK_WORLDS=m` says how many are played, both from which and how many.
//! `FAILBACK_WORLDS_MARKED=1` leaves out all but those that are marked, one in three, `FAILBACK_WORLDS_ESTIMATED=1` all but
//! those that estimate, one in six. One in four of those that are not marked has a third server that shows the cutover.

mod account;
mod based;
mod controls;
mod estimates;
mod ground;
mod journey;
mod listed;
mod live;
mod marks;
mod oracle;
mod parts;
mod picks;
mod proof;
mod run;
mod schema;
mod sequences;
mod snapshot;
mod upheavals;
mod value;
mod writes;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ground::Ground;

/// How many worlds are played unless the environment says so.
const WORLDS: u64 = 150;

/// How many at a time.
const AT_ONCE: usize = 2;

/// From how many worlds on everything is expected to have happened in one of them.
const ENOUGH: u64 = 150;

/// What must have happened in some world, as the logs say it.
const HAPPENS: [&str; 44] = [
    "-- superuser, fire false",
    "-- owner, fire false",
    "-- least rights, fire false",
    "fire true",
    "[\"public.t",
    "-- merge: done",
    "-- merge: Refused",
    "find their own parents",
    "-- verify: verified",
    "-- undo: done, 0 rows left",
    "-- verify of the rest: verified_with_gaps",
    "insert -> insert",
    "update -> update",
    "delete -> delete",
    "old_only -> keep_old",
    "insert_exists -> hold",
    "update_origin_differs -> hold",
    "ambiguous_differs -> update",
    "OLD's write wins by time",
    "(held: the rows do not both say when",
    "apply_new (row)",
    "(held: it was picked when it was another row",
    "column_merge (",
    "(held with its parent",
    "(held: OLD still has children",
    "(held: OLD's own children",
    "(held: update_exists",
    "OLD does not take the value: invalid_text_representation",
    "_again now",
    "-- marked, early",
    "BOTH, after the mark:",
    "(open at the mark): ",
    "(prepared at the mark): ",
    "(open at the mark, after it): ",
    ": vacuum full ",
    " from stdin (freeze)",
    "detach partition",
    "drop val, add val",
    " by xid/xid",
    "(delete: hold (builtin)) by xid/two_way",
    ", with a baseline",
    " by baseline/baseline",
    "-- with a base",
    " by base/base",
];

/// How many failures are told in full.
const TOLD: usize = 3;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

#[test]
fn nothing_is_lost_in_any_world() {
    let (first, count) = (number("FAILBACK_WORLD_SEED"), number("FAILBACK_WORLDS"));
    let count = count.unwrap_or(if first.is_some() { 1 } else { WORLDS });
    let first = first.unwrap_or(1);
    let seeds = first..=first + count - 1;
    let [only_marked, only_estimated] =
        ["MARKED", "ESTIMATED"].map(|which| number(&format!("FAILBACK_WORLDS_{which}")).is_some());
    let (next, failures) = (AtomicU64::new(*seeds.start()), Mutex::new(Vec::new()));
    let missing = Mutex::new(HAPPENS.to_vec());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let ground = Ground::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    if only_marked && !marks::is_marked(seed) || only_estimated && !estimates::is_estimated(seed) {
                        continue;
                    }
                    match journey::play(&ground, seed) {
                        Ok(log) => {
                            let text = log.join("\n");
                            missing.lock().expect("no panic").retain(|happens| !text.contains(happens));
                        }
                        Err(failure) => failures.lock().expect("no panic").push((seed, failure)),
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort_by_key(|(seed, failure)| (failure.log.len(), *seed));
    let told: Vec<_> = failures.iter().enumerate().map(|(at, (seed, failure))| tell(*seed, failure, at < TOLD)).collect();
    assert!(told.is_empty(), "{} worlds are wrong:\n{}", told.len(), told.join("\n"));
    let missing = missing.into_inner().expect("no panic");
    let played = seeds.end() - seeds.start() + 1;
    assert!(
        played < ENOUGH || only_marked || only_estimated || missing.is_empty(),
        "never happened in {played} worlds: {missing:?}"
    );
}

/// A failure in a few lines, or with everything that led to it.
fn tell(seed: u64, failure: &journey::Failure, in_full: bool) -> String {
    let wrong = failure.wrong.join("\n  ");
    let log = if in_full { failure.log.join("\n    ") } else { "…".to_owned() };
    format!("FAILBACK_WORLD_SEED={seed}\n  {wrong}\n    {log}")
}
