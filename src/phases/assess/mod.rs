//! Gathering what an assessment rests on: health pages, Prometheus, both servers, and the rows that NEW has taken.
//!
//! Comes in: a context, with the configuration, and which sides are configured at all. Goes out: one answer a question, with
//! its evidence; and the rows at stake.
//! Never: fails because something cannot be asked: it is then not known, with the reason.

mod gather;
mod health;
mod prometheus;
mod reach;
mod series;

pub use gather::{Gathered, Named, RowsAtStake, Since, gather, rows_at_stake};
