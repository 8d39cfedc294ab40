//! What every step of a run shares: its context, its workers, its progress, and OLD's ledger.
//!
//! Comes in: endpoints, the run's store, settings. Goes out: sessions, results gathered from workers, events, ledger entries,
//! how far a run has come.
//! Never: reads or writes rows of the user's tables.

mod blockers;
mod brought;
mod claim;
mod context;
mod coverage;
mod entry;
mod estate;
mod held_log;
mod later_merges;
pub(crate) mod ledger;
mod limits;
mod merged;
mod own_writes;
mod progress;
mod read_step;
mod recorded;
mod redefined;
mod reporter;
mod rewritten;
mod selection;
mod servers;
mod settle;
mod short_waits;
mod since_export;
pub(crate) mod spans;
mod status;
mod stop;
mod verdict;
mod views;
pub(crate) mod workers;

pub(crate) use blockers::{is_lock_wait, naming_blockers};
pub(crate) use brought::{Brought, BroughtKeys, read_digest, remember, remembers, swapped};
pub use claim::Claim;
pub use context::Context;
pub(crate) use coverage::coverage;
pub use coverage::{CoveredChanges, CoveredTable};
pub use entry::{Entry, LedgerAction};
pub(crate) use estate::{Estate, Place, estate, open_databases};
pub use held_log::{HeldLog, SlotState, held_log};
pub(crate) use held_log::{foreign, held_on_new, slots_on_new};
pub(crate) use later_merges::LaterMerges;
pub(crate) use ledger::{Ledger, Undone};
pub use limits::{CHUNK_BYTES, Limits};
pub(crate) use merged::merged_databases;
pub(crate) use own_writes::OwnWrites;
pub use progress::{Event, Progress, Silent};
pub(crate) use read_step::read_step;
pub(crate) use recorded::{NewServer, Recorded, RowNumbers};
pub(crate) use redefined::tell_redefined;
pub use reporter::Reporter;
pub(crate) use rewritten::expect_unrewritten;
pub use selection::{Armed, Selection};
pub use servers::Servers;
pub(crate) use settle::{lost, settle, settle_if_alone};
pub(crate) use short_waits::ShortWaits;
pub(crate) use since_export::{edited_since_export, other_databases, other_evidence};
pub use since_export::{expect_as_exported, expect_same_new};
pub use status::{StatusReport, status};
pub use stop::Stop;
pub use verdict::State;
pub(crate) use views::write_views;
pub(crate) use workers::{Failed, Work};
