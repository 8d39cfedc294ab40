//! Diff: every staged key against OLD, under one snapshot, and the class of each.
//!
//! Comes in: the export's manifest and segments. Goes out: diff rows in segments, and their index.
//! Never: writes to a server, or decides what is done about a class.

mod ahead;
mod asked_ids;
mod base_rows;
mod beside;
mod brought;
mod comparer;
mod copies;
mod diff_row;
mod execute;
mod found;
mod log_facts;
mod own_writes;
mod report;
mod respelt;
mod staged;

pub(crate) use diff_row::{DECIDING, DiffRow, DiffShape, diff_batch, read_words};
pub use execute::diff;
pub use report::{DiffReport, DiffedTable};
