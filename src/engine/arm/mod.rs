//! Arm: a mark of both servers; of chosen tables a digest of every row, so that a later export knows what was deleted and which
//! side changed what; and, where it is asked for, a logical slot of each database on NEW. Disarm: drops those slots again.
//!
//! Comes in: both servers, and what is asked for. Goes out: a folder with a mark and a baseline; slots on NEW.
//! Never: writes a row to a server, keeps a value of a row, or touches a slot that it did not make.

mod disarm;
mod execute;
mod slots;

pub use disarm::{Disarmed, DisarmedSlot, disarm};
pub use execute::{ArmOptions, ArmReport, ArmedTable, arm};
pub use slots::MadeSlot;
