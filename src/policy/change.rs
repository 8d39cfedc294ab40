//! One decision that is to be written down: for which tables and classes, what, by whom and why.

use super::rules::EVIDENCE;
use super::{Resolution, Scope, Setting};
use crate::delta::Evidence;

/// What is decided about a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// What to do.
    Do(Resolution),
    /// The least evidence that is needed before it is done.
    Needs(Evidence),
}

impl Ruling {
    /// Returns the key under which a signed one stands.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Do(_) => "resolution",
            Self::Needs(_) => EVIDENCE,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Do(resolution) => resolution.word(),
            Self::Needs(evidence) => evidence.word(),
        }
    }
}

/// One decision to write down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// For which tables.
    pub scope: Scope,
    /// For which classes.
    pub setting: Setting,
    /// What is decided.
    pub ruling: Ruling,
    /// The reason.
    pub why: Option<String>,
    /// Who decided.
    pub by: String,
    /// When, in RFC 3339 with an offset.
    pub at: String,
}

impl Change {
    /// Names the section that it stands in, with its brackets.
    #[must_use]
    pub fn section(&self) -> String {
        match (self.ruling, &self.scope) {
            (Ruling::Do(_), scope) => scope.to_string(),
            (Ruling::Needs(_), Scope::Defaults) => format!("[{EVIDENCE}]"),
            (Ruling::Needs(_), scope) => format!("{}.{EVIDENCE}]", scope.to_string().trim_end_matches(']')),
        }
    }
}
