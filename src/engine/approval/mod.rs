//! Approval: who said what of a plan, and whether that is enough to merge it.
//!
//! Comes in: the run's plan, what people said of it, whose word the configuration asks for. Goes out: one more record, or how
//! things stand.
//! Never: connects to a server, changes a plan, or counts a word about another plan.

mod execute;
mod signature;
mod standing;

pub(crate) use execute::expect_approved;
pub use execute::{Said, Word, approval, expect_approval, vote};
pub use standing::{HeardVote, Standing};
