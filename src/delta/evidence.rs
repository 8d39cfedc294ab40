//! How it is known what happened to a row since the cutover.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// How it is known what happened to a row since the cutover, strongest first. What a verdict rests on is written down for each
/// side, so that a rule can ask for the least that it needs. Time columns are what the engine reads; the table of classes takes
/// any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The write-ahead log's own order.
    Log,
    /// A server that shows the state at the cutover was asked.
    Base,
    /// The state at the cutover was kept, and compared.
    Baseline,
    /// OLD's ledger: an earlier merge brought the row.
    Ledger,
    /// Transaction ids, held against one that the server says itself.
    Xid,
    /// Transaction ids, held against one that a person has given.
    XidByHand,
    /// Transaction ids, held against one that was estimated from rows, and the row's own time columns: both say the same, or
    /// each the opposite of the other, so that neither is believed.
    XidEstimated,
    /// The row's own time columns.
    Column,
    /// Nothing but the two rows themselves, or that there is none.
    TwoWay,
}

impl Evidence {
    /// Whether it proves how a row was at the cutover: no person, and no application that keeps stamps, has to be believed.
    #[must_use]
    pub const fn is_proof(self) -> bool {
        match self {
            Self::Log | Self::Base | Self::Baseline | Self::Xid => true,
            // What a merge brought came after the cutover.
            Self::Ledger | Self::XidByHand | Self::XidEstimated | Self::Column | Self::TwoWay => false,
        }
    }
}

words!(Evidence {
    Log => "log",
    Base => "base",
    Baseline => "baseline",
    Ledger => "ledger",
    Xid => "xid",
    XidByHand => "xid_by_hand",
    XidEstimated => "xid_estimated",
    Column => "column",
    TwoWay => "two_way",
});
