//! One thing that is measured: a command line, what must be made before it, and how its result is checked.

use serde::Serialize;

use super::Outcome;
use super::bench::{Bench, Place};
use super::check::Check;

/// Something to do before or after a measurement, in the case's place.
pub(crate) type Step = Box<dyn Fn(&Bench, &Place) -> Outcome<()>>;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// What the servers need at least.
    Limit,
    /// Another program.
    Peer,
    Failback,
}

/// Cases that are compared with each other.
pub(crate) struct Set {
    /// As `export.orders`.
    pub(crate) name: String,
    /// What is done to what, for a heading.
    pub(crate) title: String,
    /// How many rows each case is about.
    pub(crate) rows: u64,
    /// The case that the others are measured against.
    pub(crate) reference: &'static str,
    /// The database that the cases' variables name, on both servers.
    pub(crate) database: &'static str,
    /// How often it runs, if not as often as the others.
    pub(crate) rounds: Option<u32>,
    pub(crate) cases: Vec<Case>,
}

/// One measured command line.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// For `bash -c`, in the case's folder; [`Bench::environment`] says what it may refer to.
    pub(crate) command: String,
    /// Whether it goes on where the case before it ended, in the same folder.
    pub(crate) goes_on: bool,
    /// Exit codes that are no failure.
    pub(crate) fine: Vec<i32>,
    pub(crate) before: Vec<Step>,
    pub(crate) after: Vec<Step>,
    pub(crate) checks: Vec<Check>,
    /// Why it cannot run at all.
    pub(crate) absent: Option<String>,
}

impl Case {
    fn new(kind: Kind, name: &str, command: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            command: command.into(),
            goes_on: false,
            fine: vec![0],
            before: Vec::new(),
            after: Vec::new(),
            checks: Vec::new(),
            absent: None,
        }
    }

    pub(crate) fn limit(name: &str, command: impl Into<String>) -> Self {
        Self::new(Kind::Limit, name, command)
    }

    /// A peer that has to be there.
    pub(crate) fn peer(name: &str, absent: Option<String>, command: impl Into<String>) -> Self {
        Self { absent, ..Self::new(Kind::Peer, name, command) }
    }

    /// One call of failback; rows held on purpose are no failure.
    pub(crate) fn failback(name: &str, command: impl Into<String>) -> Self {
        Self { fine: vec![0, 9], ..Self::new(Kind::Failback, name, command) }
    }

    /// Goes on where the case before it ended.
    pub(crate) fn going_on(mut self) -> Self {
        self.goes_on = true;
        self
    }

    pub(crate) fn before(mut self, step: impl Fn(&Bench, &Place) -> Outcome<()> + 'static) -> Self {
        self.before.push(Box::new(step));
        self
    }

    pub(crate) fn after(mut self, step: impl Fn(&Bench, &Place) -> Outcome<()> + 'static) -> Self {
        self.after.push(Box::new(step));
        self
    }

    pub(crate) fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }
}
