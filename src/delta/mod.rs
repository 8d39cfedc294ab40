//! What a row's history means for OLD: classes, the three-way table that gives them, what it rests on; exact comparison of
//! rows.
//!
//! Comes in: what is known of each side's row and how ([`Witness`]), BASE's row where BASE is at hand ([`KnownBase`]), and
//! decoded rows. Goes out: one class a key with the evidence for each side ([`Verdict`]), and which columns differ.
//! Never: looks at a server, gathers evidence (that is the engine's), decides what is done about a class (that is `policy`), or
//! calls two values equal that are not equal byte for byte.

mod base;
mod class;
mod compare;
mod estimate;
mod evidence;
mod history;
mod horizon;
mod horizon_source;
mod logged;
mod remade;
mod truth;
mod witness;

pub use base::{Base, KnownBase};
pub use class::Class;
pub use compare::{Differences, compare};
pub use estimate::{Estimate, EstimateBasis, LEAST_SUPPORT, StampedXids, TooLittle, estimate};
pub use evidence::Evidence;
pub use history::{CutoverWindow, History, Stamp};
pub use horizon::{FIRST_NORMAL, Horizon, YoungXids};
pub use horizon_source::{HorizonSource, KnownHorizon, TriedSource};
pub use logged::{KeyLog, Logged, LoggedAt, LoggedOp, logged, rested_on_log};
pub use remade::remade;
pub use truth::{Verdict, classify};
pub use witness::{Witness, agreed};
