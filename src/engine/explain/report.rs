//! What is known of one row, as a view may have it.

use serde::Serialize;

use super::became::Became;
use crate::delta::{Class, HorizonSource};
use crate::engine::review::{Cell, ShownRow};
use crate::engine::run::LedgerAction;
use crate::name::Sided;
use crate::policy::Origin;
use crate::schema::{Coverage, Method};
use crate::staging::JournalEntry;
use crate::words::words;

/// What is known of one row.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Where the run is, for people.
    pub run: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Whether the servers were asked.
    pub asked: bool,
    /// The row, once for each database that has it among its differences.
    pub rows: Vec<ExplainedRow>,
    /// The databases whose differences have no such row, each with the reasons for which that may be so.
    pub unknown: Vec<UnknownRow>,
}

/// A row that the run knows.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedRow {
    /// The row as it is staged: class, evidence, images, and what the plan does with it.
    pub row: ShownRow,
    /// The class again, where it is a conflict.
    pub conflict: Option<Class>,
    /// How the table's changes were found.
    pub found_by: FoundBy,
    /// What decides it, by decisions.toml as it is now; nothing where nothing is to be decided.
    pub decision: Option<DecidedBy>,
    /// What became of it.
    pub became: Became,
    /// What OLD's ledger has last of the plan; nothing where it was not asked, or has none.
    pub ledger: Option<LedgerSays>,
    /// Why OLD's ledger could not be asked, where that was tried.
    pub ledger_not_asked: Option<String>,
    /// What the run's journal has of the merge and its undo, oldest first.
    pub journal: Vec<JournalEntry>,
    /// What `verify` said last of the merge that stands, as a whole.
    pub verified: Option<Verified>,
    /// How both servers have it now; nothing where they were not asked.
    pub now: Option<RowNow>,
}

/// How a table's changes were found.
#[derive(Clone, Debug, Serialize)]
pub struct FoundBy {
    /// The method.
    pub method: Method,
    /// What it finds.
    pub coverage: Coverage,
    /// Which transactions were over at the cutover, on each side: all below this one.
    pub horizon: Option<Sided<(u64, HorizonSource)>>,
}

/// What decides a row.
#[derive(Clone, Debug, Serialize)]
pub struct DecidedBy {
    /// What is to be done with it.
    pub resolution: String,
    /// Where that was said.
    pub origin: Origin,
    /// The rule's name and place, or the pick's place; nothing for what is said of a class.
    pub at_line: Option<String>,
    /// Who said it.
    pub by: Option<String>,
    /// When.
    pub at: Option<String>,
    /// Why.
    pub why: Option<String>,
}

/// What OLD's ledger has last of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerSays {
    /// What was done.
    pub action: LedgerAction,
    /// When, by OLD's clock.
    pub recorded_at: String,
    /// The merge's transaction, where its rows can still be told by it.
    pub merged_in: Option<i64>,
}

/// What `verify` said last.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    /// When, by the clock of the machine that did it.
    pub at: String,
    /// Its word.
    pub state: String,
}

/// How both servers have a row now.
#[derive(Clone, Debug, Serialize)]
pub struct RowNow {
    /// On each side.
    pub sides: Sided<NowOf>,
    /// Whether both have it alike; nothing where one of them could not be asked.
    pub alike: Option<bool>,
    /// The columns with both sides' values: those that differ from each other, or all of a row that one of them has.
    pub columns: Vec<NowColumn>,
}

/// One column of a row as both servers have it now.
#[derive(Clone, Debug, Serialize)]
pub struct NowColumn {
    /// Its name on OLD, or on NEW where OLD has no such column.
    pub name: String,
    /// On OLD.
    pub old: Cell,
    /// On NEW.
    pub new: Cell,
}

/// How one server has a row now.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NowOf {
    /// How it compares with the run; nothing where the server could not be asked, or the run does not know the row.
    pub state: Option<NowState>,
    /// Whether there is a row.
    pub present: Option<bool>,
    /// The transaction that wrote it last, by the lowest 32 bits of its number.
    pub xmin: Option<u32>,
    /// Whether that is the merge's transaction; nothing on NEW, or where either number is not known.
    pub by_merge: Option<bool>,
    /// Where it lies: its relation, and its place there.
    pub place: Option<String>,
    /// What that transaction means: held against the cutover, the export, and the merge.
    pub means: Vec<String>,
    /// Why the server could not be asked.
    pub not_asked: Option<String>,
}

/// How a row is now, compared with the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NowState {
    /// As when it was staged, or compared.
    AsStaged,
    /// As the plan leaves it.
    AsPlanned,
    /// Otherwise: somebody has written it since, or the merge wrote something else.
    Otherwise,
}

words!(NowState {
    AsStaged => "as_staged",
    AsPlanned => "as_planned",
    Otherwise => "otherwise",
});

/// A row that is not among the differences of a database.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownRow {
    /// The database's name, the same on both sides.
    pub database: String,
    /// Why that may be so, what is known first.
    pub reasons: Vec<String>,
    /// How both servers have it now; nothing where they were not asked.
    pub now: Option<RowNow>,
}
