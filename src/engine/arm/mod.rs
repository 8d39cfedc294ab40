//! Arm: a mark of both servers, and of chosen tables a digest of every row, so that a later export knows what was deleted and
//! which side changed what.
//!
//! Comes in: both servers, and the tables asked for. Goes out: a folder with a mark and a baseline.
//! Never: writes to a server, or keeps a value of a row.

mod execute;

pub use execute::{ArmReport, ArmedTable, arm};
