//! Review: the rows of a diff, as OLD and NEW have them and as the plan would leave them, for a person to look at.
//!
//! Comes in: the run's files, which rows are asked for, and which columns' values are masked. Goes out: counts, and rows one by
//! one, each value as text or masked. Memory: one batch of rows, and the positions of those that are asked for.
//! Never: connects to a server, writes a file, or lets a masked value out.

mod cell;
mod filter;
mod planned;
mod reviewed_table;
mod run;
mod scan;
mod shown_row;
mod sides;
mod spelling;
mod survey;

pub use cell::Cell;
pub use filter::{Filter, Window};
pub use run::{CountedTable, Review};
pub use shown_row::{ShownColumn, ShownRow};
pub use spelling::{common, excerpt, spelt};
pub(crate) use survey::{SurveyedRow, SurveyedTable, Surveyor};
