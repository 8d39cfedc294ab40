//! What the transactions of one command have done to OLD so far: the one source of what an error says about OLD.
//!
//! Comes in: what a [`Transaction`](super::Transaction) reports as it begins, sends COMMIT, and hears the answer. Goes out: an
//! [`OldState`], true at the moment it is asked for. Never: asks a server, or believes anybody but a transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::OldState;

/// A record that the transactions of one command, or of one step of it, share. Clones are the same record.
#[derive(Clone, Debug, Default)]
pub struct OldWrites(Arc<Node>);

#[derive(Debug, Default)]
struct Node {
    record: Mutex<Record>,
    /// The record of the command of which this is a step.
    whole: Option<OldWrites>,
}

#[derive(Debug, Default)]
struct Record {
    /// Whether any transaction that could write was begun.
    began: bool,
    /// What is done, or about to be, in no transaction that could take it back.
    besides: Vec<String>,
    /// What COMMIT was sent for and not answered.
    in_doubt: Vec<String>,
    /// What COMMIT was answered for.
    committed: Vec<String>,
}

impl OldWrites {
    /// Returns the record of a step: it begins empty, and this one hears of everything that goes into it.
    #[must_use]
    pub fn step(&self) -> Self {
        Self(Arc::new(Node { record: Mutex::default(), whole: Some(self.clone()) }))
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl Fn(&mut Record)) {
        let mut heard = Some(self);
        while let Some(writes) = heard {
            change(&mut writes.record());
            heard = writes.0.whole.as_ref();
        }
    }

    pub(super) fn began(&self) {
        self.tell(|record| record.began = true);
    }

    /// Something is about to be done besides rows, and stays whatever comes: a number that is drawn, a right that is taken.
    pub(crate) fn besides(&self, what: &str) {
        self.tell(|record| record.besides.push(what.to_owned()));
    }

    /// COMMIT is about to be sent.
    pub(super) fn committing(&self, what: &str) {
        self.tell(|record| record.in_doubt.push(what.to_owned()));
    }

    /// OLD has answered that it committed.
    pub(super) fn committed(&self, what: &str) {
        self.tell(|record| {
            record.resolve(what);
            if record.committed.last().is_none_or(|last| last != what) {
                record.committed.push(what.to_owned());
            }
        });
    }

    /// OLD has answered that it did not commit.
    pub(super) fn refused(&self, what: &str) {
        self.tell(|record| record.resolve(what));
    }

    /// Returns what OLD has seen if the command ended now. A transaction that is still open is rolled back by the server once
    /// its connection is gone.
    #[must_use]
    pub fn state(&self) -> OldState {
        let record = self.record();
        let committed = (!record.committed.is_empty()).then(|| record.committed.join(" and "));
        match committed {
            committed if !record.in_doubt.is_empty() => OldState::Unknown { what: record.in_doubt.join(" and "), committed },
            Some(committed) => OldState::Committed(committed),
            None if !record.besides.is_empty() => OldState::Besides(record.besides.join("; ")),
            None if record.began => OldState::RolledBack,
            None => OldState::NotWritten,
        }
    }
}

impl Record {
    /// Takes one out of what is in doubt: others may be called the same.
    fn resolve(&mut self, what: &str) {
        if let Some(place) = self.in_doubt.iter().position(|doubted| doubted == what) {
            self.in_doubt.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_knows_its_own_and_the_command_knows_all() {
        let command = OldWrites::default();
        let first = command.step();
        first.began();
        first.committing("a");
        first.committed("a");
        let second = command.step();
        assert_eq!(second.state(), OldState::NotWritten);
        second.began();
        assert_eq!(second.state(), OldState::RolledBack);
        assert_eq!(command.state(), OldState::Committed("a".to_owned()));
    }

    #[test]
    fn what_is_done_besides_rows_stays_unless_rows_are_committed() {
        let writes = OldWrites::default();
        writes.besides("a sequence may have been raised");
        assert_eq!(writes.state().to_string(), "no row of OLD was written; a sequence may have been raised");
        writes.began();
        assert_eq!(writes.state(), OldState::Besides("a sequence may have been raised".to_owned()));
        writes.committing("a");
        writes.committed("a");
        assert_eq!(writes.state(), OldState::Committed("a".to_owned()));
    }

    #[test]
    fn the_state_follows_the_transactions() {
        let writes = OldWrites::default();
        assert_eq!(writes.state(), OldState::NotWritten);
        writes.began();
        assert_eq!(writes.state(), OldState::RolledBack);
        writes.committing("a");
        assert_eq!(writes.state(), OldState::Unknown { what: "a".to_owned(), committed: None });
        writes.committed("a");
        assert_eq!(writes.state(), OldState::Committed("a".to_owned()));
        writes.began();
        assert_eq!(writes.clone().state(), OldState::Committed("a".to_owned()), "what is open now will be rolled back");
        writes.committing("b");
        let doubt = OldState::Unknown { what: "b".to_owned(), committed: Some("a".to_owned()) };
        assert_eq!(writes.state(), doubt);
        writes.refused("b");
        assert_eq!(writes.state(), OldState::Committed("a".to_owned()));
    }
}
