//! Discover: every relation of every database on both sides, and what will be done about each.
//!
//! Comes in: both servers' catalogs and the settings. Goes out: one record a table that is carried, one a table that only NEW
//! has, and a reason for everything else.
//! Never: reads rows, or writes to a server or a file.

mod chosen;
mod clock_skew;
mod detached;
mod execute;
mod new_only;
mod pairing;
mod rights;
mod sequences;
mod swapped;
mod table_selection;
mod unheeded;
mod unmatched;

pub(crate) use chosen::Chosen;
pub use execute::{Discovery, discover};
pub(crate) use execute::{connect, databases, describe, discover_these};
pub(crate) use unmatched::expect_matches;
