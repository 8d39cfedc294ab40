//! What says whether a row was written since the cutover; one file a kind of evidence, and one a method of finding rows.
//!
//! Comes in: the cutover, the overlap, the zone, a table's record, and decoded rows. Goes out: what says which
//! transactions were over at the cutover, a witness a row, the predicate that selects candidates, and the chunks of work that
//! find them.
//! Never: classifies a row; that is `delta`.

mod base;
mod base_source;
mod baseline;
mod cutter;
mod log;
mod method;
mod sources;
mod stamps;
mod summaries;
mod write_order;
mod xids;

pub(crate) use base::{BASE, BaseEvidence};
pub(crate) use base_source::BaseSource;
pub(crate) use cutter::{Cutter, stamped_or_young};
pub(crate) use log::{LogEvidence, key_on_new};
pub(crate) use method::finder;
pub(crate) use sources::HorizonSources;
pub(crate) use stamps::{Clock, Stamps};
pub(crate) use summaries::ChangedBlocks;
pub(crate) use write_order::WriteOrder;
pub(crate) use xids::{Proven, XidEvidence, xid_witness, young};

/// What is known of one database's rows at the cutover, their stamps apart.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AtCutover<'a> {
    /// What transaction ids prove.
    pub(crate) xids: Option<&'a XidEvidence>,
    /// What BASE proves, or a baseline.
    pub(crate) base: Option<&'a BaseSource<'a>>,
    /// What NEW's log proves.
    pub(crate) log: Option<&'a LogEvidence>,
}
