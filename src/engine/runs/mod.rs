//! Runs: what each run of a folder is, and taking its rows out of one that is done with.
//!
//! Comes in: folders of runs. Goes out: how far each has come, by its own files.
//! Never: asks a server, removes an index, a decision, an approval or a line of the journal.

mod estimate;
mod list;
mod prune;

pub use estimate::{Estimate, estimate};
pub use list::{RunState, RunSummary, runs};
pub use prune::{PruneOptions, prune};
