//! Merge and undo: the frozen plan carried out on OLD, or taken back, one transaction a database.
//!
//! Comes in: the plan and its files. Goes out: rows on OLD, its sequences raised, an entry in OLD's ledger.
//! Never: writes a row that is not in the plan, or over a row that is not the one that was classified.

mod adopted;
mod changed_values;
mod chosen;
mod copies;
mod cost;
mod definitions;
mod erased;
mod execute;
mod fitting;
mod foreign_keys;
mod intent;
mod landing;
mod later;
mod live;
mod live_batch;
mod live_database;
mod live_end;
mod live_recovery;
mod live_refusals;
mod moved_row;
mod moved_rows;
mod named_rows;
mod others;
mod own_children;
mod patience;
mod prepare;
mod report;
mod scope;
pub(crate) mod sequences;
mod swap;
mod table_load;
mod table_locks;
mod table_merge;
mod take_back;
mod transaction;
mod triggers;
mod undo;
mod undo_of;
mod whereabouts;
mod writers;
mod written_rows;

pub use execute::merge;
pub(crate) use fitting::fitting;
pub use live::merge_live;
pub(crate) use prepare::unfinished;
pub use report::{DatabaseOutcome, LeftRows, LiveOptions, MergeOptions, MergeReport, MergedDatabase};
pub use undo::{undo, undo_part};
pub use undo_of::UndoOf;
