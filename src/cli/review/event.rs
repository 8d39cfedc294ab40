//! What happens to a review, and what it asks for. Between the two there is no file, no clock and no terminal.

use std::ops::Range;
use std::sync::Arc;

use super::filter_text::FilterText;
use super::key::Key;
use super::question::{Draft, Question};
use crate::delta::Evidence;
use crate::engine::SeenRow;
use crate::policy::{Choice, Decided, Resolution};

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A key was pressed.
    Key(Key),
    /// The terminal has so many columns and lines now.
    Size(u16, u16),
    /// A table was opened, which has so many rows.
    Opened(usize, u64),
    /// Rows that were asked for; the first is at this place among those that are shown.
    Window(u64, Vec<RowView>),
    /// Rows that were asked for cannot be read, and why.
    Unreadable(Range<u64>, String),
    /// A text was pasted.
    Pasted(String),
    /// So many rows of the table have been counted so far.
    Counting(u64),
    /// How many rows the filter asks for, and what they have in common.
    Counted(u64, Vec<Facet>),
    /// So many rows of a table wait for a decision.
    Waiting(usize, u64),
    /// Where the row is that was looked for, or that there is none.
    Found(Option<u64>),
    /// So many rows are meant by the filter that is being typed.
    Means(u64),
    /// A rule is to be asked before it is written.
    Asked(Box<Question>),
    /// Something was decided, or taken back.
    Decided(String),
    /// Something to tell.
    Said(String),
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// The end.
    Quit,
    /// A table.
    Open(usize),
    /// The rows of the table that a filter asks for.
    Filter(FilterText),
    /// The next row from a place on that nobody has decided, or the one before it.
    Undecided { from: u64, back: bool },
    /// How many rows a filter means.
    Count(FilterText),
    /// A decision about the row at this position of the table's diff.
    Pick { position: u64, resolution: Resolution, why: Option<String> },
    /// What one column of the row gets; nothing: what the row's resolution says.
    Choose { position: u64, column: String, choice: Option<Choice>, why: Option<String> },
    /// What a rule would come to.
    Weigh { filter: FilterText, name: Option<String>, resolution: Resolution },
    /// The rule.
    Rule { draft: Draft, resolution: Resolution, why: Option<String> },
    /// The last decision taken back.
    Undo,
    /// The same, decided again.
    Redo,
}

/// A row, with what is decided about it.
#[derive(Clone, Debug)]
pub(super) struct RowView {
    pub(super) seen: Arc<SeenRow>,
    pub(super) decided: Decided,
    /// What would have to be known of it, where it is decided to be written and too little is known.
    pub(super) lacks: Option<Evidence>,
}

/// What some rows have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facet {
    /// The filter's word.
    pub(super) word: &'static str,
    /// Its value.
    pub(super) value: String,
    /// How many rows have it.
    pub(super) rows: u64,
}
