//! What servers of every version say by themselves.

use super::*;
use crate::support::Majors;

/// The first version with the extension that reads write-ahead log.
const INSPECTED: u32 = 15;

/// Lets servers of these versions say it by their commit timestamps, by their log, and by their rows.
fn say(majors: Majors) {
    let servers = Servers::start_on(majors, &[("track_commit_timestamp", "on")]);
    let (pair, _turn) = estate(&servers);
    both(&pair, "checkpoint");
    std::thread::sleep(Duration::from_millis(1_100));
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    support::sql(&pair.old, OLD);
    both(&pair, "checkpoint");
    let by_times = case(again(&pair), &cutover, "");
    for side in Side::BOTH {
        assert_eq!(horizon(&by_times, side).map(|known| known.0), Ok(HorizonSource::CommitTimestamps), "{majors:?}, {side}");
    }
    expect_told(&by_times);
    let has_extension = Sided::of(|side| majors.of(side) >= INSPECTED);
    for side in Side::BOTH.into_iter().filter(|side| *has_extension.get(*side)) {
        support::sql(pair.url(side), "create extension pg_walinspect");
    }
    let by_log = case(again(&pair), &cutover, "");
    for side in Side::BOTH {
        let expected = if *has_extension.get(side) { HorizonSource::Wal } else { HorizonSource::CommitTimestamps };
        assert_eq!(horizon(&by_log, side).map(|known| known.0), Ok(expected), "{majors:?}, {side}");
    }
    expect_told(&by_log);
}

#[test]
fn from_13_and_16() {
    say(Majors { old: 13, new: 16 });
}

#[test]
fn from_14_and_17() {
    say(Majors { old: 14, new: 17 });
}

#[test]
fn from_15_and_18() {
    say(Majors { old: 15, new: 18 });
}
