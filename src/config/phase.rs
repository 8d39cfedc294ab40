//! How far a migration has come, and with it how it is taken back.

use serde::Serialize;

use crate::words::words;

/// A phase of a rollback, from the earliest to the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// NEW is not deployed: nothing is done any more.
    AbortDeployment,
    /// NEW is deployed and has no traffic: it is destroyed.
    DestroyNew,
    /// Traffic has just moved: it is moved back, and rows after it.
    Quick,
    /// People weigh whether to go back, and how much is recovered.
    Evaluated,
    /// Going back costs more than repairing NEW, as a rule.
    LongTerm,
    /// OLD is gone: it is restored from a backup.
    Emergency,
}

words!(Phase {
    AbortDeployment => "abort-deployment",
    DestroyNew => "destroy-new",
    Quick => "quick",
    Evaluated => "evaluated",
    LongTerm => "long-term",
    Emergency => "emergency",
});

impl Phase {
    /// Whether the phase comes before the cutover, so that no time since it leads there.
    #[must_use]
    pub const fn is_before_cutover(self) -> bool {
        matches!(self, Self::AbortDeployment | Self::DestroyNew)
    }
}
