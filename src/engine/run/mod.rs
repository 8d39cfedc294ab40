//! What every step of a run shares: its context, its workers, its progress, and OLD's ledger.
//!
//! Comes in: endpoints, the run's store, settings. Goes out: sessions, results gathered from workers, events, ledger entries,
//! how far a run has come.
//! Never: reads or writes rows of the user's tables.

mod context;
pub(crate) mod ledger;
mod progress;
mod status;
mod stop;
pub(crate) mod workers;

pub use context::{CHUNK_BYTES, Context};
pub use ledger::{Entry, LedgerAction};
pub use progress::{Event, Progress, Silent};
pub use status::{StatusReport, status};
pub use stop::Stop;
pub(crate) use workers::{Failed, Work};
