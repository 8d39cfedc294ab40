//! The work: discover, export, diff, plan, merge, verify, undo. Each step reads the files of the step before it and leaves
//! files for the next.
//!
//! Comes in: a [`Context`] (endpoints, the run's store, settings, where to report). Goes out: files in the run, rows on OLD,
//! and a report a step.
//! Never: prints, reads the environment or the command line, writes to NEW, or holds a table in memory.

mod arrivals;
mod change;
mod compare;
mod context;
mod counterpart;
mod crew;
mod demand;
mod diff;
mod discover;
mod export;
mod exported;
mod family;
mod fetched;
mod images;
mod ledger;
mod merge;
mod pieces;
mod plan;
mod preflight;
mod progress;
mod readback;
mod references;
mod rows;
mod sandbox;
mod segments;
mod sequences;
mod staged;
mod stamps;
mod status;
mod stranded;
mod trial;
mod triggers;
mod undo;
mod unfit;
mod unique;
mod unit;
mod unreadable;
mod verify;
mod watched;

pub use context::{Context, PIECE_BYTES, Stop};
pub use diff::{DiffReport, DiffedTable, diff};
pub use discover::{Discovery, discover};
pub use export::export;
pub use exported::{Blocker, ExportReport, ExportedTable, Unplaced};
pub use ledger::{Deed, Entry};
pub use merge::{MergeOptions, MergeReport, MergedDatabase, merge};
pub use plan::{PlanReport, PlannedTable, plan};
pub use progress::{Event, Progress, Silent};
pub use sequences::Raise;
pub use status::{StatusReport, status};
pub use undo::undo;
pub use unfit::Unfit;
pub use unit::Written;
pub use verify::{Orphans, State, VerifiedTable, VerifyReport, verify};
