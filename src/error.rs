//! What went wrong, in the five parts that a person needs at three in the morning: what failed, where, the cause, whether OLD
//! was touched, and what to do next.
//!
//! The kind alone decides the exit code and whether a retry is safe; nothing else in the crate maps failures to numbers.
//! Never: prints, and never holds a password or a row's values. A server's DETAIL quotes row values, so it is left out of the
//! cause (see `pg::fault`).
//!
//! ```
//! use failback::error::{Error, ErrorKind};
//!
//! let error = Error::new(ErrorKind::Refused, "merge")
//!     .at("run 7f3a")
//!     .because("3 rows wait for a decision")
//!     .next("decide with `failback decide`");
//! assert_eq!(error.kind().exit_code(), 4);
//! assert_eq!(error.hints(), ["decide with `failback decide`"]);
//! ```

use std::error::Error as StdError;
use std::fmt;

use crate::words::words;

/// The result of anything that can fail in failback.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is; decides the exit code and the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The command line does not make sense.
    Usage,
    /// A configuration or decisions file does not make sense.
    Config,
    /// A server cannot be reached, or went away.
    Connect,
    /// A server refused the password or a privilege is missing.
    Permission,
    /// A lock, statement or connection timed out.
    Timeout,
    /// Another session stood in the way, and the server ended ours: deadlock, serialization failure.
    Contention,
    /// A server has no disk, memory or connection left.
    ServerFull,
    /// A check before writing said no: preflight, stale plan, missing confirmation, another run at work.
    Refused,
    /// A staged file is missing, altered or unreadable.
    Damaged,
    /// The disk that holds the run is full or refuses to grow a file.
    StorageFull,
    /// The disk that holds the run failed in another way.
    Storage,
    /// A server answered with an error that is none of the above.
    Server,
    /// Verification found rows that are not what the plan promised.
    Mismatch,
    /// OLD holds some of the merge's committed units, not all.
    PartlyChanged,
    /// The user interrupted the run.
    Interrupted,
    /// Bytes that do not follow their format: COPY stream, catalog answer.
    Malformed,
    /// The program itself gave up: a panic.
    Defect,
}

impl ErrorKind {
    /// Returns the process's exit code; the table in the README is checked against this by a test.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Storage | Self::StorageFull | Self::Server | Self::Malformed | Self::Defect => 1,
            Self::Usage | Self::Config => 2,
            Self::Refused => 4,
            Self::Mismatch => 5,
            Self::Connect | Self::Permission | Self::Timeout | Self::Contention | Self::ServerFull => 6,
            Self::Damaged => 7,
            Self::PartlyChanged => 8,
            Self::Interrupted => 130,
        }
    }
}

words!(ErrorKind {
    Usage => "usage",
    Config => "config",
    Connect => "connect",
    Permission => "permission",
    Timeout => "timeout",
    Contention => "contention",
    ServerFull => "server_full",
    Refused => "refused",
    Damaged => "damaged",
    StorageFull => "storage_full",
    Storage => "storage",
    Server => "server",
    Mismatch => "mismatch",
    PartlyChanged => "partly_changed",
    Interrupted => "interrupted",
    Malformed => "malformed",
    Defect => "defect",
});

/// What OLD may have seen of the command that failed. It has no default: a transaction knows it (`pg::OldWrites`), nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OldState {
    /// No transaction that could write to OLD was begun.
    NotWritten,
    /// Whatever was written was taken back with its transaction.
    RolledBack,
    /// No row was written. What the text says may have been done besides, and stays.
    Besides(String),
    /// Steps of a rollback ran in processes of their own, which may have written to OLD.
    Steps,
    /// A script that is not ours was carried out by psql: it did what it says, wherever that is.
    Script,
    /// What the text says is committed on OLD and recorded in its ledger.
    Committed(String),
    /// The answer to COMMIT was lost; the ledger on OLD knows.
    Unknown {
        /// What was to be committed.
        what: String,
        /// What was committed before it, if anything was.
        committed: Option<String>,
    },
}

impl fmt::Display for OldState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWritten => f.write_str("OLD was not touched"),
            Self::RolledBack => f.write_str("OLD is as it was: the transaction was rolled back"),
            Self::Besides(what) => write!(f, "no row of OLD was written; {what}"),
            Self::Steps => f.write_str(
                "steps may have written to OLD: `failback rollback status` says which ran, and OLD's ledger what stands",
            ),
            Self::Script => {
                f.write_str("the backup's script ran as it is: what it says was done, also where that is not the new database")
            }
            Self::Committed(what) => write!(f, "OLD has {what}, committed and recorded in its ledger"),
            Self::Unknown { what, committed } => {
                write!(f, "unknown whether OLD has {what}: the connection was lost while it committed; its ledger knows")?;
                committed.as_ref().map_or(Ok(()), |done| write!(f, "; OLD has {done}, committed"))
            }
        }
    }
}

type Cause = Box<dyn StdError + Send + Sync>;

/// A failure with its five parts.
pub struct Error(Box<Parts>);

struct Parts {
    kind: ErrorKind,
    what: String,
    place: Vec<String>,
    cause: Option<Cause>,
    state: Option<OldState>,
    next: Vec<String>,
}

impl Error {
    /// Says what failed: verb and object in lower case, as "read the manifest" or "merge refused".
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self(Box::new(Parts { kind, what: what.into(), place: Vec::new(), cause: None, state: None, next: Vec::new() }))
    }

    /// Adds where it failed: a side, database, table, file, row. Outer places are added last and printed first.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.place.insert(0, place.to_string());
        self
    }

    /// Sets the cause, an error or a sentence.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Says what OLD may have seen, whatever was said before.
    #[must_use]
    pub fn state(mut self, state: OldState) -> Self {
        self.0.state = Some(state);
        self
    }

    /// Says what OLD may have seen, unless the error or one of its causes says it already.
    #[must_use]
    pub fn or_state(self, state: impl FnOnce() -> OldState) -> Self {
        if self.old_state().is_some() { self } else { self.state(state()) }
    }

    /// Adds a sentence on what to do next.
    #[must_use]
    pub fn next(mut self, hint: impl Into<String>) -> Self {
        self.0.next.push(hint.into());
        self
    }

    /// Adds a sentence on what to do next, unless there is one.
    #[must_use]
    pub fn or_next(self, hint: impl FnOnce() -> String) -> Self {
        if self.0.next.is_empty() { self.next(hint()) } else { self }
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what failed.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Returns where it failed, outermost place first.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.0.place
    }

    /// Returns what OLD may have seen, as the error or the nearest of its causes says it; `None` where it was raised outside
    /// any transaction and nobody has asked the transactions since.
    #[must_use]
    pub fn old_state(&self) -> Option<&OldState> {
        let mut error = Some(self);
        while let Some(one) = error {
            if let Some(state) = &one.0.state {
                return Some(state);
            }
            error = one.0.cause.as_deref().and_then(|cause| cause.downcast_ref::<Self>());
        }
        None
    }

    /// Returns what to do next, at least one sentence: the kind supplies one where none was given.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        if self.0.next.is_empty() { vec![self.0.kind.remedy().to_owned()] } else { self.0.next.clone() }
    }

    /// Returns the chain of causes, nearest first, each as one line.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut cause: Option<&(dyn StdError + 'static)> = self.source();
        while let Some(error) = cause {
            lines.push(error.to_string());
            cause = error.source();
        }
        lines
    }

    /// Returns what failed and its causes, on one line: for a journal, and for reports that have no room for five parts.
    #[must_use]
    pub fn in_full(&self) -> String {
        std::iter::once(self.to_string()).chain(self.causes()).collect::<Vec<_>>().join(": ")
    }
}

impl ErrorKind {
    const fn remedy(self) -> &'static str {
        match self {
            Self::Usage => "see `failback --help`",
            Self::Config => "correct the configuration and run the same command again",
            Self::Connect => "check that the server is up and reachable, then run the same command again",
            Self::Permission => "check the user, the password and the privileges, then run the same command again",
            Self::Timeout => "a retry is safe: run the same command again when the server is less busy",
            Self::Contention => "a retry is safe: run the same command again",
            Self::ServerFull => "free what the server names above; a retry is safe: run the same command again",
            Self::Refused => "correct what is named above, then run the same command again",
            Self::Damaged => "take the file from a copy of the run, or make a new run with `failback export`",
            Self::StorageFull => "free space on the disk that holds the run, then run the same command again",
            Self::Storage => "check the disk that holds the run, then run the same command again",
            Self::Server => "read the server's message above; its log has the details",
            Self::Mismatch => "read the rows named above on OLD; `failback undo` takes the merge back",
            Self::PartlyChanged => "run `failback merge` again: it goes on from the ledger",
            Self::Interrupted => "run the same command again",
            Self::Defect => "`failback status` says how far the run has come; report what is said above",
            Self::Malformed => "keep the run's folder and report this: the server sent what failback does not understand",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        if !self.0.place.is_empty() {
            write!(f, " ({})", self.0.place.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)?;
        for cause in self.causes() {
            write!(f, "; {cause}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

/// Adds a place to whatever error comes by.
pub trait Place<T> {
    /// Adds `place` to the error, lazily.
    ///
    /// # Errors
    /// The same error, with one place more.
    fn place<D: fmt::Display>(self, place: impl FnOnce() -> D) -> Result<T>;
}

impl<T> Place<T> for Result<T> {
    fn place<D: fmt::Display>(self, place: impl FnOnce() -> D) -> Self {
        self.map_err(|error| error.at(place()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_from_the_outside_in() {
        let error = Error::new(ErrorKind::Refused, "merge refused").at("batch 3").at("public.orders").at("OLD shop");
        assert_eq!(error.to_string(), "merge refused (OLD shop, public.orders, batch 3)");
        assert_eq!(error.hints().len(), 1);
    }

    #[test]
    fn an_error_says_of_old_what_it_was_told_and_nothing_by_itself() {
        let inner = Error::new(ErrorKind::Server, "insert rows");
        assert_eq!(inner.old_state(), None);
        let inner = inner.or_state(|| OldState::RolledBack);
        let outer = Error::new(ErrorKind::Refused, "merge").because(inner).or_state(|| OldState::NotWritten);
        assert_eq!(outer.old_state(), Some(&OldState::RolledBack), "the cause knew it");
        let later = outer.state(OldState::Committed("one row".to_owned()));
        assert_eq!(later.old_state(), Some(&OldState::Committed("one row".to_owned())));
    }

    #[test]
    fn a_lost_answer_names_what_is_in_doubt_and_what_is_not() {
        let state = OldState::Unknown { what: "b".to_owned(), committed: Some("a".to_owned()) };
        let expected =
            "unknown whether OLD has b: the connection was lost while it committed; its ledger knows; OLD has a, committed";
        assert_eq!(state.to_string(), expected);
    }

    #[test]
    fn causes_follow_the_chain() {
        let inner = Error::new(ErrorKind::Storage, "inner").because("disk says no");
        let outer = Error::new(ErrorKind::Damaged, "outer").because(inner);
        assert_eq!(outer.causes(), ["inner", "disk says no"]);
        assert_eq!(outer.in_full(), "outer: inner: disk says no");
        assert_eq!(outer.kind().exit_code(), 7);
    }
}
