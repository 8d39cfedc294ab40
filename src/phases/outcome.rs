//! How a step ended, and what it found out.

use std::collections::BTreeMap;

/// What a step found out, by name: an address, a count, a digest. Never a secret.
pub type Facts = BTreeMap<String, String>;

/// How the work of a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The world is as the step wants it, which was looked at.
    Done(Facts),
    /// It is not, and it is known how far the step came.
    Failed(String),
    /// It cannot be told whether the step's effect took place.
    Unknown(String),
    /// A person has to say something first.
    Waiting(String),
}

impl Ended {
    /// Done, with nothing found out.
    #[must_use]
    pub fn done() -> Self {
        Self::Done(Facts::new())
    }

    /// Done, with one fact.
    #[must_use]
    pub fn found(key: &str, value: impl Into<String>) -> Self {
        Self::Done(Facts::from([(key.to_owned(), value.into())]))
    }
}

/// What a look at the world said of a step that may have been done before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Its effect is there.
    Done(Facts),
    /// It is not.
    NotDone,
    /// It cannot be told.
    Unknown(String),
}
