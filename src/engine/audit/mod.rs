//! Audit: how many changes the time columns of each table would have missed, measured against something better.
//!
//! Comes in: what discover found, and both servers under one snapshot each. Goes out: numbers a table.
//! Never: writes to a server or a file, or changes how a table's changes are looked for.

mod execute;
mod report;
mod sampled;

pub use execute::audit;
pub use report::{AuditedTable, Measured};
