//! Stake: how many rows NEW has taken since the cutover, as far as that is known without comparing it with OLD.
//!
//! Comes in: what discover found, and for how long rows may be counted. Goes out: a number a table with the evidence that it
//! rests on, or why there is none.
//! Never: writes, reads a row's values, or counts deletes: what is gone from NEW cannot be counted there.

mod execute;
mod report;

pub use execute::stake;
pub use report::{Stake, StakedTable};
