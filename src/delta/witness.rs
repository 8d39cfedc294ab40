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

/// Says what is known of a row by its stamps, where its transaction id is asked too (`is_young`: it may lie behind a horizon;
/// `grade`: what evidence that is). The id proves nothing by itself: where both say that nobody has written the row since the
/// cutover, that is what is known; where one says so and the other does not, neither is believed.
#[must_use]
pub const fn agreed(stamped: Witness, is_young: bool, grade: Evidence) -> Witness {
    let history = stamped.history();
    match history.changed {
        _ if history.contradicts_itself() => stamped,
        Some(false) if !is_young => Witness::new(history, grade),
        Some(changed) if changed != is_young => Witness::new(History::CONTRADICTION, grade),
        _ => stamped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::{Class, Stamp, classify};

    /// What the stamps of a side's row may say, none of them included; and that there is no row.
    fn stamped() -> Vec<Option<Witness>> {
        const STAMPS: [Stamp; 4] = [Stamp::Silent, Stamp::Before, Stamp::InDoubt, Stamp::After];
        let of = |created| STAMPS.map(|updated| Some(Witness::new(History::from_stamps(created, updated), Evidence::Column)));
        STAMPS.into_iter().flat_map(of).chain([None]).collect()
    }

    #[test]
    fn an_estimate_only_ever_takes_confidence_away() {
        let is_ambiguous = |class: Class| class.word().starts_with("ambiguous");
        for (old, new) in stamped().into_iter().flat_map(|old| stamped().into_iter().map(move |new| (old, new))) {
            for (on_old, on_new, equal) in (0..8).map(|bits| (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0)) {
                let alone = classify(old, new, None, equal);
                let asked = |row: Option<Witness>, is_young| row.map(|row| agreed(row, is_young, Evidence::XidEstimated));
                let both = classify(asked(old, on_old), asked(new, on_new), None, equal);
                let settled = alone.class.is_settled() && both.class.is_settled();
                let is_kept = both.class == alone.class || is_ambiguous(both.class) || settled;
                assert!(is_kept, "{old:?} {new:?} {on_old} {on_new} {equal}: {} and {}", alone.class, both.class);
                if both.class == Class::Update {
                    assert!(!on_old, "{old:?} may have been written since");
                }
            }
        }
    }

    #[test]
    fn what_says_nothing_is_not_made_to_say_more() {
        for row in stamped().into_iter().flatten().filter(|row| row.history().changed.is_none()) {
            for is_young in [false, true] {
                assert_eq!(agreed(row, is_young, Evidence::XidEstimated), row);
            }
        }
    }

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
