//! Verify: OLD read back and compared with what the plan promised.
//!
//! Comes in: the plan and its files. Goes out: a report; each staged row is counted under exactly one outcome.
//! Never: writes, or says of a row that it was verified when it was not read.

mod around;
mod drifted;
mod execute;
mod gap;
mod landed_rows;
mod outcome;
mod read_back;
mod report;
mod taken_back;
mod verified_table;
mod written_since;

pub use execute::{verify, verify_deeply};
pub use gap::{Gap, GapKind};
pub use outcome::Outcome;
pub use report::{Orphans, VerifyReport};
pub use verified_table::VerifiedTable;
