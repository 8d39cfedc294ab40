//! What says which transactions were over at the cutover, and what its word is worth.

use serde::{Deserialize, Serialize};

use super::{EstimateBasis, Evidence, Horizon};
use crate::words::words;

/// What says which transactions were over at the cutover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HorizonSource {
    /// A mark of both servers, made before the cutover.
    Mark,
    /// COMMIT records in write-ahead log that is still on the server.
    Wal,
    /// The times at which transactions committed, which the server keeps.
    CommitTimestamps,
    /// The server's last checkpoint, where that was before the cutover.
    Checkpoint,
    /// A person.
    ByHand,
    /// Rows with time columns, by which it is estimated.
    Estimated,
}

words!(HorizonSource {
    Mark => "mark",
    Wal => "wal",
    CommitTimestamps => "commit_timestamps",
    Checkpoint => "checkpoint",
    ByHand => "by_hand",
    Estimated => "estimated",
});

impl HorizonSource {
    /// Returns the evidence that a row's transaction id is, held against a horizon from here.
    #[must_use]
    pub const fn grade(self) -> Evidence {
        match self {
            Self::Mark | Self::Wal | Self::CommitTimestamps | Self::Checkpoint => Evidence::Xid,
            Self::ByHand => Evidence::XidByHand,
            Self::Estimated => Evidence::XidEstimated,
        }
    }

    /// Returns what people call it.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Mark => "the mark",
            Self::Wal => "COMMIT records in its write-ahead log",
            Self::CommitTimestamps => "its commit timestamps",
            Self::Checkpoint => "its last checkpoint",
            Self::ByHand => "an id given by hand",
            Self::Estimated => "an estimate from rows with time columns",
        }
    }
}

/// A horizon, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownHorizon {
    /// Every transaction below was over at the cutover.
    pub horizon: Horizon,
    /// What says so.
    pub source: HorizonSource,
}

/// A source that was asked about one side, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum TriedSource {
    /// It says it, and goes.
    Used {
        /// The source.
        source: HorizonSource,
        /// What it says: every transaction below was over at the cutover.
        horizon: Horizon,
        /// What evidence that makes of a row's transaction id.
        grade: Evidence,
        /// What it rests on, where it is estimated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        basis: Option<EstimateBasis>,
    },
    /// It does not say it.
    Lacks {
        /// The source.
        source: HorizonSource,
        /// The right, setting or time that is missing.
        why: String,
    },
    /// It does not say it, and knows of an act that somebody may have cut writes over with. A person has to know whether that
    /// is so.
    Offers {
        /// The source that the act's id would be given by.
        source: HorizonSource,
        /// The transaction that did it.
        xid: u64,
        /// What was done, as a sentence's subject.
        act: String,
    },
}

impl TriedSource {
    /// A source that says it.
    #[must_use]
    pub const fn used(source: HorizonSource, horizon: Horizon) -> Self {
        Self::Used { source, horizon, grade: source.grade(), basis: None }
    }

    /// An estimate.
    #[must_use]
    pub const fn estimated(horizon: Horizon, basis: EstimateBasis) -> Self {
        let source = HorizonSource::Estimated;
        Self::Used { source, horizon, grade: source.grade(), basis: Some(basis) }
    }

    /// Returns the horizon, if it is from this source.
    #[must_use]
    pub const fn known(&self) -> Option<KnownHorizon> {
        match self {
            Self::Used { source, horizon, .. } => Some(KnownHorizon { horizon: *horizon, source: *source }),
            Self::Lacks { .. } | Self::Offers { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_no_proof() {
        for source in HorizonSource::ALL {
            assert_eq!(source.grade() == Evidence::XidEstimated, *source == HorizonSource::Estimated);
        }
    }

    #[test]
    fn a_person_is_named_wherever_a_person_is_believed() {
        for source in HorizonSource::ALL {
            assert_eq!(source.grade() == Evidence::XidByHand, *source == HorizonSource::ByHand);
            assert_eq!(source.grade().word().contains("by_hand"), source.word().contains("by_hand"));
        }
    }

    #[test]
    fn answers_read_back_from_json() {
        let used = TriedSource::used(HorizonSource::ByHand, Horizon::new(741));
        let json = serde_json::to_string(&used).expect("JSON");
        assert_eq!(json, r#"{"answer":"used","source":"by_hand","horizon":741,"grade":"xid_by_hand"}"#);
        assert_eq!(serde_json::from_str::<TriedSource>(&json).expect("a source"), used);
        assert_eq!(used.known().map(|known| known.horizon), Some(Horizon::new(741)));
    }
}
