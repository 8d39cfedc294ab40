//! What the transactions of one command have done to OLD so far: the one source of what an error says about OLD.
//!
//! Comes in: what a [`Transaction`](super::Transaction) reports as it begins, sends COMMIT, and hears the answer. Goes out: an
//! [`OldState`], true at the moment it is asked for. Never: asks a server, or believes anybody but a transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::OldState;

/// A record that the transactions of one command share. Clones are the same record.
#[derive(Clone, Debug, Default)]
pub struct OldWrites(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    /// Whether any transaction that could write was begun.
    began: bool,
    /// What COMMIT was sent for and not answered.
    in_doubt: Vec<String>,
    /// What COMMIT was answered for.
    committed: Vec<String>,
}

impl OldWrites {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn began(&self) {
        self.record().began = true;
    }

    /// COMMIT is about to be sent.
    pub(super) fn committing(&self, what: &str) {
        self.record().in_doubt.push(what.to_owned());
    }

    /// OLD has answered that it committed.
    pub(super) fn committed(&self, what: &str) {
        let mut record = self.record();
        record.in_doubt.retain(|doubted| doubted != what);
        record.committed.push(what.to_owned());
    }

    /// OLD has answered that it did not commit.
    pub(super) fn refused(&self, what: &str) {
        self.record().in_doubt.retain(|doubted| doubted != what);
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
            None if record.began => OldState::RolledBack,
            None => OldState::NotWritten,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
