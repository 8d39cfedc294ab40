//! The work: discover, export, diff, plan, merge, verify, undo. Each step reads the files of the step before it and leaves
//! files for the next.
//!
//! Comes in: a [`Context`] (endpoints, the run's store, settings, where to report). Goes out: files in the run, rows on OLD,
//! and a report a step.
//! Never: prints, reads the environment or the command line, writes a row to NEW, or holds a table in memory.
//!
//! ```no_run
//! use failback::engine::{self, Context};
//!
//! # async fn plan(context: &Context) -> failback::error::Result<()> {
//! engine::export(context).await?;
//! let differences = engine::diff(context).await?;
//! println!("{} keys were looked at", differences.counts.sum());
//! let plan = engine::plan(context).await?;
//! println!("plan {}: {} rows wait for a decision", plan.digest, plan.held);
//! # Ok(())
//! # }
//! ```

mod approval;
mod arm;
mod audit;
mod diff;
mod discover;
mod evidence;
mod explain;
mod export;
mod fence;
mod grants;
mod mark;
mod merge;
mod plan;
mod preflight;
mod report;
mod restore;
mod review;
mod rows;
mod run;
mod runs;
mod sequences;
mod stake;
mod verify;

pub use crate::staging::{Raise, Written};
pub use approval::{HeardVote, Said, Standing, Word, approval, expect_approval, vote};
pub use arm::{ArmOptions, ArmReport, ArmedTable, Disarmed, DisarmedSlot, MadeSlot, arm, disarm};
pub use audit::{AuditedTable, Measured, audit};
pub use diff::{DiffReport, DiffedTable, diff};
pub use discover::{Discovery, discover};
pub use explain::{
    Became, DecidedBy, ExplainOptions, ExplainedRow, Explanation, FoundBy, LedgerSays, NowOf, NowState, RowNow, UnknownRow,
    Verified, explain,
};
pub use export::{
    Blocker, DatabaseQuiescence, DatabaseSources, ExportReport, ExportedTable, MovedReport, Unplaced, export, export_delta,
    export_discovered, moved,
};
pub use fence::{
    EndedSessions, FenceOptions, FencePlan, FenceReport, LiftReport, LiftedChange, Watched, WatchedDatabase, fence,
    forget_unmade, lift_fence, plan_fence, watch,
};
pub use grants::{GrantScript, grants};
pub use mark::{MarkReport, MarkedServer, mark};
pub use merge::{
    DatabaseOutcome, LeftRows, LiveOptions, MergeOptions, MergeReport, MergedDatabase, UndoOf, merge, merge_live, undo,
    undo_part,
};
pub use plan::{
    Met, MovedDecision, MovedRows, PlanMoves, PlanReport, PlannedTable, Reject, TalliedRows, TalliedRule, Tally, Wanting,
    ask_conditions, decisions_text, expect_columns, moved_decisions, picks_text, plan, plan_moves, read_decisions,
};
pub use preflight::{PreflightReport, Preparation, PreparedServer, Readiness, TablePreparation, preflight};
pub use report::{
    Account, AccountedPick, AccountedRule, Bar, Caps, ChangedColumn, ConflictCell, DecidedRow, Fact, Reached, RowsShown,
    TableAccount, TableColumn, TableOutcome, Taken, Timeline, Tone, Verdict, Waiting, account,
};
pub use restore::{
    ArchivedName, ArchivedTable, Backup, CheckedBackup, Checksum, Container, Dumped, Form, Grade, LeftOut, Programs,
    RestoreOptions, SwapOptions, Variables, backups, check_backup, choose, dump_database, point_of_time, restore, swap,
    swap_back,
};
pub use review::{
    Cell, Chosen, CountedTable, Filter, Kind, Kinds, OpenTable, PickedBy, Review, SeenRow, ShownColumn, ShownRow,
    TableDecisions, Window, common, excerpt, spelt,
};
pub use run::{
    Armed, CHUNK_BYTES, Claim, Context, CoveredChanges, CoveredTable, Entry, Event, HeldLog, LedgerAction, Limits, Progress,
    Reporter, Selection, Servers, Silent, SlotState, State, StatusReport, Stop, expect_as_exported, expect_same_new, held_log,
    status,
};
pub use runs::{Estimate, PruneOptions, RunState, RunSummary, estimate, prune, runs};
pub use sequences::{
    DatabaseSequences, NewSequence, NumberedRows, Position, SequenceAccount, SequenceState, SequencesReport, raise_sequences,
    sequences,
};
pub use stake::{Stake, StakedTable, stake};
pub use verify::{Gap, GapKind, Orphans, Outcome, VerifiedTable, VerifyReport, verify, verify_deeply};
