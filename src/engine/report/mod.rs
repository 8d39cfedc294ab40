//! Report: what a run has come to, gathered from its files into one account that a page can be made of.
//!
//! Comes in: the run's files, which columns' values are masked, and how many rows may be taken along. Goes out: an [`Account`].
//! Every number is read off the indexes, the tally of decisions and the journal, as the reports of the steps are. Memory: one
//! batch of rows, and as many bytes of rows as the caps allow.
//! Never: connects to a server, writes a file, lets a masked value out, or knows how a page is made.

mod account;
mod caps;
mod decided;
mod gather;
mod outcome;
mod provenance;
mod row_text;
mod survey;
mod timeline;
mod verdict;
mod warnings;

pub use account::{
    Account, ChangedColumn, ConflictCell, Fact, Reached, RowsShown, TableAccount, TableColumn, Tone, Verdict, Waiting,
};
pub use caps::Caps;
pub use decided::{AccountedPick, AccountedRule, DecidedRow};
pub use gather::{Taken, account};
pub use outcome::TableOutcome;
pub use timeline::{Bar, Timeline};
