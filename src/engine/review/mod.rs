//! Review: the rows of a diff, as OLD and NEW have them and as the plan would leave them, for a person to look at.
//!
//! Comes in: the run's files, which rows are asked for, and which columns' values are masked. Goes out: counts, and rows one by
//! one, each value as text or masked; or a table that is held open, of which any rows can be looked at. Memory: one batch of
//! rows, and the positions of those that are asked for; of a table that is held open, see its file.
//! Never: connects to a server, writes a file, or lets a masked value out.

mod cell;
mod filter;
mod kinds;
mod locate;
mod open_table;
mod planned;
mod recent;
mod reviewed_table;
mod run;
mod scan;
mod seen_row;
mod shown_row;
mod sides;
mod spelling;
mod survey;
mod table_decisions;
mod written;

pub use cell::Cell;
pub use filter::{Filter, Window};
pub use kinds::{Chosen, Kind, Kinds};
pub(crate) use locate::Located;
pub use open_table::OpenTable;
pub(crate) use run::expect_key;
pub use run::{CountedTable, Review};
pub use seen_row::SeenRow;
pub use shown_row::{PickedBy, ShownColumn, ShownRow};
pub use spelling::{common, excerpt, spelt};
pub(crate) use survey::{SurveyedRow, SurveyedTable, Surveyor};
pub use table_decisions::TableDecisions;
