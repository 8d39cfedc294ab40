//! Fence: whether a side is still written, and what keeps its writers out.
//!
//! Comes in: one server, how long it is watched, by which ways it shall be closed. Goes out: what was seen and what follows
//! from it; the statements that would close it; where it is asked for, a server that is closed, and a file that says what was
//! there.
//! Never: writes a row, locks out the user who closes it, or puts back what somebody else has set since.

mod apply;
mod lift;
mod look;
mod plan;
mod report;
mod verdict;

pub use apply::{FenceOptions, fence, plan_fence};
pub use lift::{LiftReport, LiftedChange, forget_unmade, lift_fence};
pub use look::watch;
pub use plan::FencePlan;
pub use report::{EndedSessions, FenceReport, Watched, WatchedDatabase};
