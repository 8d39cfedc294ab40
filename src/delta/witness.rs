//! What is known of one side's row, and how it is known.

use super::{Evidence, History};

/// What is known of one side's row, and how it is known. Each kind of evidence makes its own; the table of classes looks at
/// what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    history: History,
    evidence: Evidence,
}

impl Witness {
    /// Takes what evidence of some kind says. Evidence that says nothing is none: nothing is known but the row itself.
    #[must_use]
    pub const fn new(history: History, evidence: Evidence) -> Self {
        let evidence = if history.is_silent() { Evidence::TwoWay } else { evidence };
        Self { history, evidence }
    }

    /// Nothing is known but the row itself.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(History::default(), Evidence::TwoWay)
    }

    /// Returns what is known.
    #[must_use]
    pub const fn history(self) -> History {
        self.history
    }

    /// Returns how it is known.
    #[must_use]
    pub const fn evidence(self) -> Evidence {
        self.evidence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_that_says_nothing_is_none() {
        let silent = History { existed: None, changed: None };
        let says = History { existed: Some(true), changed: None };
        for evidence in Evidence::ALL {
            assert_eq!(Witness::new(silent, *evidence).evidence(), Evidence::TwoWay);
            assert_eq!(Witness::new(says, *evidence).evidence(), *evidence);
        }
    }
}
