//! The runbooks that come with failback: one for each phase of a rollback, one for what is left after it, and a list of what
//! has to be so, which is gone through by itself.

use super::parts;
use crate::words::words;

/// A runbook that comes with failback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shipped {
    /// Nothing is deployed.
    AbortDeployment,
    /// NEW is deployed, and serves nobody.
    DestroyNew,
    /// Within the first hour after the cutover.
    Quick,
    /// Within the first day.
    Evaluated,
    /// Within the second day.
    LongTerm,
    /// OLD, or what it held, is gone.
    Emergency,
    /// The rollback is over, and NEW is not needed any more.
    Cleanup,
    /// Beside or after a rollback: whether all is well.
    Validate,
}

words!(Shipped {
    AbortDeployment => "abort-deployment",
    DestroyNew => "destroy-new",
    Quick => "quick",
    Evaluated => "evaluated",
    LongTerm => "long-term",
    Emergency => "emergency",
    Cleanup => "cleanup",
    Validate => "validate",
});

impl Shipped {
    /// The phase's runbook, as TOML, with the texts of the parts that it is put together from: as it is exported.
    #[must_use]
    pub fn whole(self) -> String {
        parts::whole(self.runbook())
    }

    /// The phase's runbook, as TOML.
    #[must_use]
    pub const fn runbook(self) -> &'static str {
        match self {
            Self::AbortDeployment => include_str!("runbooks/abort-deployment.toml"),
            Self::DestroyNew => include_str!("runbooks/destroy-new.toml"),
            Self::Quick => include_str!("runbooks/quick.toml"),
            Self::Evaluated => include_str!("runbooks/evaluated.toml"),
            Self::LongTerm => include_str!("runbooks/long-term.toml"),
            Self::Emergency => include_str!("runbooks/emergency.toml"),
            Self::Cleanup => include_str!("runbooks/cleanup.toml"),
            Self::Validate => include_str!("runbooks/validate.toml"),
        }
    }

    /// How errors call that runbook.
    #[must_use]
    pub fn file(self) -> String {
        format!("{self}.toml")
    }
}
