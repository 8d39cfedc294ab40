//! The on-disk format: where each file of a run lies, and rows as Parquet segments.
//!
//! Comes in: Arrow batches. Goes out: committed segments with their row count, size and digest, and the same batches again.
//! Never: knows PostgreSQL's types (see `codec`), decides which rows are staged, or opens a file itself (see `store`).

mod diff_index;
mod index_file;
pub mod layout;
mod manifest;
mod options;
mod plan_index;
mod run_record;
mod segment_bytes;
mod segment_reader;
mod segment_writer;

pub use diff_index::{DatabaseDiff, DiffIndex, TableDiff};
pub use index_file::{FORMAT_VERSION, index_digest};
pub use layout::{
    DECISIONS, DIFF, DatabaseLayout, JOURNAL, LOCK, MANIFEST, PLAN, ParseTableIdError, RUN, Staged, TableId, database_folder,
};
pub use manifest::{DatabaseRecord, LeftOut, Manifest, NewOnlyTable, TableRecord};
pub use options::{Compression, SegmentOptions};
pub use plan_index::{DatabasePlan, Plan, TablePlan};
pub use run_record::{RunId, RunRecord};
pub use segment_reader::SegmentReader;
pub use segment_writer::{Segment, SegmentWriter};
