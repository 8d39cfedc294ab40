//! The on-disk format: where each file of a run lies, and rows as Parquet segments.
//!
//! Comes in: Arrow batches. Goes out: committed segments with their row count, size and digest, and the same batches again.
//! Never: knows PostgreSQL's types (see `codec`), decides which rows are staged, or opens a file itself (see `store`).

mod layout;
mod options;
mod segment_reader;
mod segment_writer;

pub use layout::{
    DECISIONS, DIFF, DatabaseLayout, JOURNAL, LOCK, MANIFEST, PLAN, ParseTableIdError, Staged, TableId, database_folder,
};
pub use options::{Compression, SegmentOptions};
pub use segment_reader::SegmentReader;
pub use segment_writer::{Segment, SegmentWriter};

/// The version of everything in this room; a reader refuses what is newer.
pub const FORMAT_VERSION: u32 = 1;
