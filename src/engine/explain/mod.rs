//! Explain: everything that is known of one row: its class and what it rests on, who decided what, what the plan does with it,
//! what a merge or an undo did, and, where that is asked for, how both servers have it now.
//!
//! Comes in: the run's files, a table, a key; where they are asked, OLD's ledger and the row on either server. Goes out: an
//! account of the row, or the reasons for which the run may not know it. Memory: one batch of rows.
//! Never: writes anything, or lets a masked value out.

mod became;
mod execute;
mod now;
mod report;
mod unknown;

pub use became::Became;
pub use execute::{ExplainOptions, explain};
pub use report::{DecidedBy, ExplainedRow, Explanation, FoundBy, LedgerSays, NowOf, NowState, RowNow, UnknownRow, Verified};
