//! Awkward schemas, end to end: names, keys, what rows must not share, families, partitions, sequences, triggers. Every case is
//! exported, compared, planned, merged, verified and taken back.

mod families;
mod keys;
mod names;
mod numbers;
mod partitions;
mod quiet;
mod temporal;
mod uniques;

use failback::engine::{self, MergeOptions, PlanReport, State};
use failback::name::Side;
use jiff::{SignedDuration, Timestamp};

use crate::recovery::{Recovery, fingerprint};
use crate::support::{self, Pair, block_on};

/// Decides that NEW's rows win, whatever two sides without time columns leave in doubt.
const NEW_WINS: &str = "[defaults]\nambiguous_missing_on_old = \"apply_new\"\nambiguous_differs = \"apply_new\"\n\
                        ambiguous_missing_on_new = \"apply_new\"\n";

/// As [`NEW_WINS`], but a row that NEW lacks stays on OLD.
const NEW_WINS_AND_NOTHING_GOES: &str = "[defaults]\nambiguous_missing_on_old = \"apply_new\"\n\
                                         ambiguous_differs = \"apply_new\"\n\
                                         ambiguous_missing_on_new = \"keep_old\"\n";

/// A recovery that has been planned.
struct Case {
    recovery: Recovery,
    plan: PlanReport,
}

/// Sets both sides up alike, lets each do its own work, and plans with these decisions.
fn planned(test: &str, both: &str, new: &str, old: &str, decisions: &str) -> Case {
    case(pair(test, both, new, old), "", decisions)
}

fn pair(test: &str, both: &str, new: &str, old: &str) -> Pair {
    worked(support::pair(test), both, new, old)
}

fn worked(pair: Pair, both: &str, new: &str, old: &str) -> Pair {
    for (side, work) in [(Side::Old, old), (Side::New, new)] {
        support::sql(pair.url(side), both);
        support::sql(pair.url(side), work);
    }
    pair
}

fn case(pair: Pair, config: &str, decisions: &str) -> Case {
    let recovery = Recovery::of(pair, Timestamp::now() - SignedDuration::from_hours(1), config);
    recovery.decide(decisions);
    block_on(engine::export(&recovery.context)).expect("an export");
    block_on(engine::diff(&recovery.context)).expect("a diff");
    let plan = block_on(engine::plan(&recovery.context)).expect("a plan");
    Case { recovery, plan }
}

impl Case {
    /// Returns how many rows of a table are held for a reason that holds some words.
    fn held(&self, table: &str, words: &str) -> u64 {
        let tables = self.plan.tables.iter().filter(|one| one.table == table);
        let reasons = tables.flat_map(|one| &one.held_reasons);
        reasons.filter(|(why, _)| why.contains(words)).map(|(_, rows)| rows).sum()
    }

    /// Asserts how many rows wait in all, so that a reason that nobody thought of is seen.
    fn expect_held(&self, rows: u64) {
        assert_eq!(self.plan.held, rows, "{:#?}", self.plan);
    }

    /// Merges what is not held, verifies it, runs a check on what OLD then is, and takes it back.
    fn comes_home_and_goes_back(&self, check: impl FnOnce(&Self)) {
        let before = fingerprint(&self.recovery.pair.old);
        let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
        block_on(engine::merge(&self.recovery.context, options)).expect("a merge");
        let verified = block_on(engine::verify(&self.recovery.context)).expect("a verification");
        let expected = if self.plan.held > 0 { State::VerifiedWithHeld } else { State::Verified };
        assert_eq!(verified.state_of_rows(), expected, "{verified:#?}");
        check(self);
        block_on(engine::undo(&self.recovery.context, MergeOptions::default())).expect("an undo");
        assert_eq!(fingerprint(&self.recovery.pair.old), before, "undo after merge is identity");
    }

    /// Every row of OLD is now NEW's: where nothing is held, and everything of NEW's wins.
    fn becomes_new(&self) {
        self.expect_held(0);
        let new = fingerprint(&self.recovery.pair.new);
        assert_ne!(fingerprint(&self.recovery.pair.old), new, "there is something to do");
        self.comes_home_and_goes_back(|case| assert_eq!(fingerprint(&case.recovery.pair.old), new, "OLD is what NEW was"));
    }

    fn old(&self, query: &str) -> Vec<String> {
        texts(&self.recovery.pair.old, query)
    }
}

fn texts(url: &str, query: &str) -> Vec<String> {
    let joined = |row: Vec<Option<String>>| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join("|");
    support::rows(url, query).into_iter().map(joined).collect()
}
