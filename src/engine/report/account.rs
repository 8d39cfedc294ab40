//! What a run has come to, as plain data.

use serde::Serialize;

use super::decided::{AccountedPick, AccountedRule, DecidedRow};
use super::outcome::TableOutcome;
use super::timeline::Timeline;
use crate::delta::Class;
use crate::engine::approval::Said;
use crate::engine::run::CoveredTable;
use crate::policy::{Action, Past};
use crate::staging::JournalEntry;
use crate::words::{Counts, words};

/// What a run has come to.
#[derive(Clone, Debug)]
pub struct Account {
    /// Where the run is, for people.
    pub run: String,
    /// The run's id.
    pub id: String,
    /// When the account was made, RFC 3339 in UTC.
    pub made_at: String,
    /// How far the run has come.
    pub state: Reached,
    /// What all of it comes to, in words.
    pub verdict: Verdict,
    /// Keys by class, settled ones included.
    pub counts: Counts<Class>,
    /// Rows by what the plan does with them; nothing where there is no plan of the diff.
    pub actions: Option<Counts<Action>>,
    /// Rows that wait for a decision, by class: by the plan where there is one, else by the decisions so far.
    pub waiting: Waiting,
    /// What is covered, what is not covered first.
    pub coverage: Vec<CoveredTable>,
    /// One account a table, in the diff's order.
    pub tables: Vec<TableAccount>,
    /// When rows that differ were written.
    pub timeline: Timeline,
    /// Conflicts by kind, table and column, the most first.
    pub conflicts: Vec<ConflictCell>,
    /// What is decided about each class of each table.
    pub decided: Vec<DecidedRow>,
    /// Rules, in the order of the file.
    pub rules: Vec<AccountedRule>,
    /// Rows that are picked, in the order of the file.
    pub picks: Vec<AccountedPick>,
    /// Decisions that later ones replaced.
    pub history: Vec<Past>,
    /// What people said of the run's plans.
    pub said: Said,
    /// What whoever asks for the page should know before it is handed on: masks that hide nothing, a plan of another diff. They
    /// are among the warnings.
    pub notes: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// What is not carried, as `database: name: reason`; what may lose rows comes first.
    pub left_out: Vec<String>,
    /// Where everything comes from.
    pub provenance: Vec<Fact>,
    /// What was done, oldest first.
    pub journal: Vec<JournalEntry>,
    /// The digest that the diff bears: what is picked on a page is about this one.
    pub diff_blake3: String,
    /// Whether values were taken along.
    pub values: bool,
}

/// How far a run has come, by its own files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// What differs is known.
    Compared,
    /// There is a plan of it, and nothing of it is on OLD.
    Planned,
    /// A merge was tried, and nothing of it stands.
    Failed,
    /// A part of it is on OLD.
    PartlyMerged,
    /// It is on OLD.
    Merged,
    /// It was on OLD, and was taken back but for some rows.
    PartlyUndone,
    /// It was on OLD, and was taken back.
    Undone,
}

words!(Reached {
    Compared => "compared",
    Planned => "planned",
    Failed => "failed",
    PartlyMerged => "partly merged",
    Merged => "merged",
    PartlyUndone => "partly undone",
    Undone => "undone",
});

/// What all of it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How good it is.
    pub tone: Tone,
    /// One sentence.
    pub sentence: String,
    /// What a person should know beside it, what matters most first.
    pub beside: Vec<String>,
}

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// All is well.
    Good,
    /// Something waits for a person, or was not looked at.
    Waits,
    /// Something went wrong.
    Bad,
}

/// Rows that wait for a decision.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// By class; nothing where a plan counts them, which knows actions alone.
    pub classes: Counts<Class>,
    /// In all.
    pub rows: u64,
}

/// What one table has come to.
#[derive(Clone, Debug)]
pub struct TableAccount {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Keys by class, settled ones included.
    pub counts: Counts<Class>,
    /// Rows by what the plan does with them.
    pub actions: Option<Counts<Action>>,
    /// Held rows by reason.
    pub held_reasons: Vec<(String, u64)>,
    /// Rows that wait for a decision.
    pub waiting: u64,
    /// What became of its rows, where a merge was tried.
    pub outcome: Option<TableOutcome>,
    /// Its columns, in the order of its rows' values.
    pub columns: Vec<TableColumn>,
    /// Its rows.
    pub rows: RowsShown,
}

impl TableAccount {
    /// Returns the number of rows that differ.
    #[must_use]
    pub fn differing(&self) -> u64 {
        self.counts.sum_of(|class| !class.is_settled())
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableColumn {
    /// Its name on OLD, or on NEW where OLD has no such column.
    pub name: String,
    /// The type in which both sides are compared.
    pub pg_type: String,
    /// Whether it is one of the key's.
    pub is_key: bool,
    /// What masks its values, and where that stands; nothing where they are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked_by: Option<String>,
}

/// The rows of a table that were taken along.
#[derive(Clone, Debug, Default)]
pub struct RowsShown {
    /// A JSON array, a row an element, in which no character plays tricks.
    pub json: String,
    /// How many there are.
    pub rows: u64,
    /// How many were left out: by the number of rows, and by the size of all of them.
    pub left_out: u64,
    /// The run's files that have all of them.
    pub files: Vec<String>,
}

/// A column in which both sides' rows differ, and how many rows of a class do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedColumn {
    /// The column; nothing for rows that one side has not.
    pub column: Option<String>,
    /// How many rows.
    pub rows: u64,
}

/// Conflicts of one kind in one table, by the columns that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictCell {
    /// The kind.
    pub class: Class,
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// How many rows there are.
    pub rows: u64,
    /// In how many each column differs, the most first.
    pub columns: Vec<ChangedColumn>,
}

/// Something about a run's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// What is so.
    pub value: String,
}
