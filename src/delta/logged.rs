//! What a server's log says of a key since the cutover, and what that makes of its rows.

use serde::{Deserialize, Serialize};

use super::{Evidence, History, Verdict, Witness};
use crate::name::Sided;
use crate::words::words;

/// What NEW's log says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logged {
    /// NEW had no row under it at the cutover, and made one since.
    Created,
    /// NEW had a row under it at the cutover, and changed or deleted it since.
    Existed,
    /// NEW had a row under it at the cutover, deleted it since, and has made one again.
    Replaced,
    /// NEW has written none since.
    Untouched,
    /// Nothing that would be sure.
    Unknown,
}

words!(Logged {
    Created => "created",
    Existed => "existed",
    Replaced => "replaced",
    Untouched => "untouched",
    Unknown => "unknown",
});

/// What a transaction did to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedOp {
    /// A row came under it.
    Arrived,
    /// The row under it was changed, and kept it.
    Stayed,
    /// The row under it went.
    Departed,
}

/// When a transaction committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedAt {
    /// Before the cutover and its overlap.
    Before,
    /// Within the overlap.
    InDoubt,
    /// Since the cutover.
    Since,
}

/// One key's way through the log, change after change, in the order of the commits.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyLog {
    /// What the first change since the cutover says, or one in doubt.
    said: Option<Logged>,
    last: Option<LoggedOp>,
    /// Whether the row went since the cutover.
    has_departed: bool,
}

impl KeyLog {
    /// Takes the next change.
    pub fn add(&mut self, op: LoggedOp, at: LoggedAt) {
        self.last = Some(op);
        self.has_departed |= (at, op) == (LoggedAt::Since, LoggedOp::Departed);
        if self.said.is_none() {
            self.said = match (at, op) {
                (LoggedAt::Before, _) => None,
                (LoggedAt::InDoubt, _) => Some(Logged::Unknown),
                (LoggedAt::Since, LoggedOp::Arrived) => Some(Logged::Created),
                (LoggedAt::Since, LoggedOp::Stayed | LoggedOp::Departed) => Some(Logged::Existed),
            };
        }
    }

    /// Says what the log says of the key.
    #[must_use]
    pub const fn fact(self) -> Logged {
        match (self.said, self.last) {
            (Some(Logged::Existed), Some(LoggedOp::Arrived | LoggedOp::Stayed)) if self.has_departed => Logged::Replaced,
            (Some(said), _) => said,
            // What was written before the cutover alone tells nothing of it: replication may have brought it.
            (None, Some(_)) => Logged::Unknown,
            (None, None) => Logged::Untouched,
        }
    }

    /// Says whether there is a row under the key, by the log; `None` where it was not written at all.
    #[must_use]
    pub fn is_there(self) -> Option<bool> {
        self.last.map(|last| last != LoggedOp::Departed)
    }
}

/// What is known of both sides' rows, where NEW's log is asked too; the witnesses are those of transaction ids.
///
/// Of a row of NEW's that was written since the cutover the log says whether there was one at the cutover. Of a row that OLD
/// alone has it says whether NEW had it then: both had the same rows, so OLD had it too, or had not. Where OLD's own id says
/// the opposite, neither is believed.
#[must_use]
pub fn logged(sides: Sided<Option<Witness>>, fact: Logged) -> Sided<Option<Witness>> {
    let existed = match fact {
        Logged::Created => false,
        Logged::Existed | Logged::Replaced => true,
        Logged::Untouched if sides.new.is_none() => false,
        Logged::Untouched | Logged::Unknown => return sides,
    };
    match sides {
        Sided { old, new: Some(new) } if new.history().changed == Some(true) => {
            let history = History { existed: Some(existed), changed: Some(true) };
            Sided { old, new: Some(Witness::new(history, Evidence::Log)) }
        }
        Sided { old: Some(old), new: None } => {
            let history = History { existed: Some(existed), changed: old.history().changed };
            Sided { old: Some(Witness::new(history, old.evidence())), new: None }
        }
        other => other,
    }
}

/// Names the log as what is known of NEW's side, where NEW has no row that could bear witness itself.
#[must_use]
pub fn rested_on_log(verdict: Verdict, fact: Logged, new: Option<Witness>) -> Verdict {
    if new.is_some() || fact == Logged::Unknown {
        return verdict;
    }
    Verdict { evidence: Sided { new: Evidence::Log, ..verdict.evidence }, ..verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::{Class, classify};

    fn of(changes: &[(LoggedOp, LoggedAt)]) -> Logged {
        let mut log = KeyLog::default();
        for (op, at) in changes {
            log.add(*op, *at);
        }
        log.fact()
    }

    #[test]
    fn the_first_change_since_the_cutover_says_what_there_was() {
        use {LoggedAt::Before, LoggedAt::InDoubt, LoggedAt::Since};
        use {LoggedOp::Arrived, LoggedOp::Departed, LoggedOp::Stayed};
        assert_eq!(of(&[]), Logged::Untouched);
        assert_eq!(of(&[(Arrived, Since), (Stayed, Since), (Departed, Since)]), Logged::Created);
        assert_eq!(of(&[(Stayed, Since), (Departed, Since), (Arrived, Since)]), Logged::Replaced);
        assert_eq!(of(&[(Departed, Since), (Arrived, Since), (Stayed, Since)]), Logged::Replaced);
        assert_eq!(of(&[(Departed, Since), (Arrived, Since), (Departed, Since)]), Logged::Existed);
        assert_eq!(of(&[(Arrived, Before), (Departed, Since)]), Logged::Existed);
        assert_eq!(of(&[(Departed, Before), (Arrived, Since)]), Logged::Created);
        assert_eq!(of(&[(Arrived, InDoubt), (Departed, Since)]), Logged::Unknown);
        assert_eq!(of(&[(Arrived, Before)]), Logged::Unknown);
    }

    /// Witnesses of transaction ids: old, young, none.
    #[expect(clippy::unnecessary_wraps, reason = "a side may have no row")]
    fn by_id(changed: bool) -> Option<Witness> {
        let existed = (!changed).then_some(true);
        Some(Witness::new(History { existed, changed: Some(changed) }, Evidence::Xid))
    }

    fn class(old: Option<Witness>, new: Option<Witness>, fact: Logged) -> (Class, Sided<&'static str>) {
        let sides = logged(Sided { old, new }, fact);
        let verdict = rested_on_log(classify(sides.old, sides.new, None, false), fact, sides.new);
        (verdict.class, verdict.evidence.map(Evidence::word))
    }

    #[test]
    fn a_row_of_one_side_alone_is_told_from_one_that_the_other_deleted() {
        let evidence = |old, new| Sided { old, new };
        let of = |old: Option<bool>, new: Option<bool>, fact| class(old.and_then(by_id), new.and_then(by_id), fact);
        assert_eq!(of(None, Some(true), Logged::Created), (Class::Insert, evidence("two_way", "log")));
        assert_eq!(of(None, Some(true), Logged::Existed), (Class::UpdateMissing, evidence("two_way", "log")));
        assert_eq!(of(Some(false), None, Logged::Existed), (Class::Delete, evidence("xid", "log")));
        assert_eq!(of(Some(true), None, Logged::Existed), (Class::DeleteOriginDiffers, evidence("xid", "log")));
        assert_eq!(of(Some(true), None, Logged::Untouched), (Class::OldOnly, evidence("xid", "log")));
        assert_eq!(
            of(Some(true), None, Logged::Created),
            (Class::OldOnly, evidence("xid", "log")),
            "NEW made one and deleted it"
        );
        assert_eq!(of(Some(false), Some(true), Logged::Existed), (Class::Update, evidence("xid", "log")));
        assert_eq!(of(Some(true), Some(true), Logged::Existed), (Class::UpdateOriginDiffers, evidence("xid", "log")));
    }

    #[test]
    fn a_row_that_new_never_had_is_not_deleted_on_old() {
        for fact in [Logged::Untouched, Logged::Created] {
            assert_eq!(class(by_id(false), None, fact).0, Class::AmbiguousMissingOnNew);
            assert_ne!(class(by_id(true), None, fact).0, Class::DeleteOriginDiffers);
        }
        assert_eq!(class(by_id(false), None, Logged::Unknown).0, Class::Delete, "as by transaction ids alone");
    }

    #[test]
    fn the_log_never_calls_a_row_untouched_that_ids_call_written() {
        for fact in Logged::ALL {
            let new = logged(Sided { old: None, new: by_id(true) }, *fact).new.expect("a row");
            assert_eq!(new.history().changed, Some(true));
            let old = logged(Sided { old: by_id(false), new: by_id(false) }, *fact);
            assert_eq!(old, Sided { old: by_id(false), new: by_id(false) });
        }
    }
}
