//! Random worlds: small schemas, users who write on both sides before and between failback's steps, and an oracle in memory
//! that knows what must have become of every row.
//!
//! `FAILBACK_WORLD_SEED=n` plays one world again, `FAILBACK_WORLDS=n` says how many are played.

mod ground;
mod journey;
mod listed;
mod oracle;
mod schema;
mod snapshot;
mod writes;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ground::Ground;

/// How many worlds are played unless the environment says so.
const WORLDS: u64 = 200;

/// How many at a time.
const AT_ONCE: usize = 2;

/// How many failures are told in full.
const TOLD: usize = 3;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

#[test]
fn nothing_is_lost_in_any_world() {
    let one = number("FAILBACK_WORLD_SEED");
    let seeds = one.map_or(1..=number("FAILBACK_WORLDS").unwrap_or(WORLDS), |seed| seed..=seed);
    let (next, failures) = (AtomicU64::new(*seeds.start()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let ground = Ground::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    if let Err(failure) = journey::play(&ground, seed) {
                        failures.lock().expect("no panic").push((seed, failure));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort_by_key(|(seed, failure)| (failure.log.len(), *seed));
    let told: Vec<_> = failures.iter().enumerate().map(|(at, (seed, failure))| tell(*seed, failure, at < TOLD)).collect();
    assert!(told.is_empty(), "{} worlds are wrong:\n{}", told.len(), told.join("\n"));
}

/// A failure in a few lines, or with everything that led to it.
fn tell(seed: u64, failure: &journey::Failure, in_full: bool) -> String {
    let wrong = failure.wrong.join("\n  ");
    let log = if in_full { failure.log.join("\n    ") } else { "…".to_owned() };
    format!("FAILBACK_WORLD_SEED={seed}\n  {wrong}\n    {log}")
}
