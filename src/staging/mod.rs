//! The on-disk format: where each file of a run lies, and rows as Parquet segments.
//!
//! Comes in: Arrow batches. Goes out: committed segments with their row count, size and digest, and the same batches again.
//! Never: knows PostgreSQL's types (see `codec`), decides which rows are staged, or opens a file itself (see `store`).
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch};
//! use failback::staging::{SegmentOptions, SegmentReader, SegmentWriter};
//! use failback::store::LocalStore;
//!
//! let folder = tempfile::tempdir()?;
//! let run = LocalStore::create(&folder.path().join("run"))?;
//! let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let batch = RecordBatch::try_from_iter_with_nullable([("id", ids, true)])?;
//!
//! let path = "shop/stage/t0001/new-00001.parquet";
//! let mut writer = SegmentWriter::create(&run, path, batch.schema(), &SegmentOptions::default())?;
//! writer.write(&batch)?;
//! let segment = writer.finish()?;
//! assert_eq!(segment.rows, 3);
//!
//! let mut batches = SegmentReader::open(&run, &segment, 1024)?;
//! assert_eq!(batches.next().transpose()?, Some(batch));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod asked_evidence;
mod base;
mod baseline;
mod chunk;
mod demands;
mod diff_index;
mod fence;
mod index_file;
mod journal;
mod landed;
pub mod layout;
mod logged;
mod manifest;
mod mark;
mod measured;
mod open_segment;
mod options;
mod plan_index;
mod pruned;
mod quiescence;
mod restored;
mod row_name;
mod run_record;
mod seal;
mod segment_bytes;
mod segment_columns;
mod segment_damage;
mod segment_groups;
mod segment_reader;
mod segment_rows;
mod segment_writer;
mod vote;
mod written;

pub use answers::{Answer, AnsweredRows, Answers};
pub use asked_evidence::AskedEvidence;
pub use base::{BaseRecord, BaseUse};
pub use baseline::{BASELINE_ABSENT_KEY, BASELINE_KEY, BASELINE_ROW, Baseline, DatabaseBaseline, TableBaseline};
pub use chunk::{Chunk, Depth, Task};
pub use demands::{Demand, Demands};
pub use diff_index::{DatabaseDiff, DiffIndex, TableDiff};
pub use fence::Fence;
pub use index_file::{FORMAT_VERSION, Sealed};
pub use journal::{Committed, Intent, Journal, JournalEntry, JournalRecord, NotCommitted};
pub use landed::{LANDED_PLACE, LANDED_RELATION, Landed, read_otherwise};
pub use layout::{
    APPROVALS, DECISIONS, DIFF, DatabaseLayout, JOURNAL, LOCK, MANIFEST, PLAN, ParseTableIdError, RUN, Staged, TableId,
    database_folder,
};
pub use logged::{LOG_FACT, LogRecord, LogUse};
pub use manifest::{Aside, DatabaseAside, DatabaseRecord, LeftOut, Manifest, NewOnlyTable, TableRecord};
pub use mark::{DatabaseMark, Mark, MarkedSlot, ServerMark};
pub use measured::{Measured, Rehearsed};
pub use open_segment::OpenSegment;
pub use options::{Compression, SegmentOptions};
pub use plan_index::{AdoptedChildren, DatabasePlan, Plan, TablePlan, json_digest};
pub use pruned::Pruned;
pub use quiescence::{Quiescence, Quiet, Since};
pub use restored::{Former, FormerDump, RESTORED, RestoreState, Restored, RestoredBackup, RestoredDatabase, RestoredTable};
pub use row_name::{ROW_PLACE, RowKey, row_keys};
pub use run_record::{RunId, RunRecord};
pub use segment_reader::SegmentReader;
pub use segment_rows::SegmentRows;
pub use segment_writer::{Segment, SegmentWriter};
pub use vote::{Verdict, Vote};
pub use written::{Raise, Written};
