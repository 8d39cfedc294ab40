//! Mark: where both servers are now, so that a later export can prove what was written since.
//!
//! Comes in: both servers. Goes out: one small file.
//! Never: writes to a server, takes a transaction id, or reads a user's rows.

mod execute;

pub use execute::{MarkReport, MarkedServer, mark};
