//! What must never happen: a row lost, overwritten by accident, or called verified without a look. Each test is one way in
//! which it once happened, or could.

mod armed;
mod audited;
mod based;
mod blocks;
mod called_alike;
mod came_since;
mod changed_values;
mod children;
mod composites;
mod decided_by_name;
mod definitions;
mod delta;
mod discovery;
mod erased;
mod estate;
mod exchanged;
mod graded;
mod hashes;
mod held;
mod ignored;
mod keyless;
mod landed;
mod leaning;
mod live;
mod live_broken;
mod live_load;
mod locks;
mod logged;
mod logged_worlds;
mod marked;
mod meddled;
mod merging;
mod one_partition;
mod own_schema;
mod own_writes;
mod preflight;
mod quiet;
mod recast;
mod remade;
mod respelt;
mod restarted;
mod rewritten;
mod slots;
mod sources;
mod stamps;
mod states;
mod strangers;
mod swapped;
mod under_load;
mod undoing;
mod undoing_altered;
mod undoing_once;
mod undoing_parts;
mod undoing_runs;
mod unproven;
mod verifying;

use failback::engine::{self, Discovery, MergeOptions, PlanReport};
use failback::error::Error;
use failback::name::Side;
use jiff::{SignedDuration, Timestamp};

use crate::recovery::Recovery;
use crate::support::{self, Pair, block_on};

/// Sets both sides up alike, then lets each do its own work.
fn pair(test: &str, both: &str, new: &str, old: &str) -> Pair {
    let pair = support::pair(test);
    for (side, own) in [(Side::Old, old), (Side::New, new)] {
        support::sql(pair.url(side), both);
        support::sql(pair.url(side), own);
    }
    pair
}

/// A recovery with a cutover an hour ago.
fn recovery(pair: Pair, config: &str) -> Recovery {
    Recovery::of(pair, Timestamp::now() - SignedDuration::from_hours(1), config)
}

fn discovered(recovery: &Recovery) -> Result<Discovery, Error> {
    block_on(engine::discover(&recovery.context))
}

fn planned(recovery: &Recovery) -> PlanReport {
    block_on(engine::export(&recovery.context)).expect("an export");
    block_on(engine::diff(&recovery.context)).expect("a diff");
    block_on(engine::plan(&recovery.context)).expect("a plan")
}
