//! What is asked before a rollback: the questions of the procedure that failback was made for, as data.

use serde::Serialize;

use crate::words::words;

/// What a question is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CriteriaList {
    /// Something that the time since the cutover stands for, and that can be looked at.
    Fact,
    /// `yes` to any of these asks for a rollback at once.
    Automatic,
    /// `yes` to any of these has people weigh a rollback.
    Evaluated,
    /// What is only this is repaired where it is.
    FixForward,
}

words!(CriteriaList {
    Fact => "fact",
    Automatic => "automatic",
    Evaluated => "evaluated",
    FixForward => "fix-forward",
});

/// Which way a measured value leads to `yes`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Above this, it alone left out.
    Above(f64),
    /// Below this, it alone left out.
    Below(f64),
}

/// A question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Criterion {
    /// Its name.
    pub name: &'static str,
    /// What it is asked for.
    pub list: CriteriaList,
    /// The question itself.
    pub question: &'static str,
    /// Where it is about a number: what it is held against.
    pub bound: Option<Bound>,
    /// For how many seconds it has to last.
    pub lasting: u32,
}

/// OLD serves.
pub const OLD_SERVES: &str = "old-serves";
/// OLD's databases are there.
pub const OLD_DATA: &str = "old-data";
/// NEW is deployed.
pub const NEW_DEPLOYED: &str = "new-deployed";
/// Nothing of the application answers.
pub const OUTAGE: &str = "outage";
/// The database of the application is not reached.
pub const DATABASE_LOST: &str = "database-lost";
/// By how much the application is slower than it was.
pub const DEGRADATION: &str = "degradation";

const fn asked(list: CriteriaList, name: &'static str, question: &'static str) -> Criterion {
    Criterion { name, list, question, bound: None, lasting: 0 }
}

const fn measured(asked: Criterion, bound: Bound, minutes: u32) -> Criterion {
    Criterion { bound: Some(bound), lasting: minutes * 60, ..asked }
}

use CriteriaList::{Automatic, Evaluated, Fact, FixForward};

/// The questions, in the order in which they are asked.
pub const CRITERIA: [Criterion; 19] = [
    asked(Fact, NEW_DEPLOYED, "Is NEW deployed?"),
    asked(Fact, OLD_SERVES, "Does OLD still serve?"),
    asked(Fact, OLD_DATA, "Are OLD's databases still there?"),
    measured(
        asked(Automatic, "error-rate", "Do more than 10 % of requests fail (5xx), for more than 5 minutes?"),
        Bound::Above(0.10),
        5,
    ),
    asked(Automatic, OUTAGE, "Is the application out completely?"),
    asked(Automatic, "data-corruption", "Has corruption of data been detected?"),
    asked(Automatic, DATABASE_LOST, "Has the application lost its database?"),
    asked(Automatic, "security-breach", "Is there a security breach that the migration caused?"),
    asked(Automatic, "cascading-failures", "Do failures spread from one service to others?"),
    measured(
        asked(Evaluated, "serious-error-rate", "Do more than 5 % of requests fail (5xx), for more than 15 minutes?"),
        Bound::Above(0.05),
        15,
    ),
    measured(asked(Evaluated, DEGRADATION, "Is the application slower by more than 50 %?"), Bound::Above(0.50), 0),
    asked(Evaluated, "critical-function", "Is something critical broken, though not everything?"),
    asked(Evaluated, "database-intermittent", "Does the connection to the database come and go?"),
    asked(Evaluated, "users-complain", "Do many users complain?"),
    asked(FixForward, "minor-bugs", "Are there bugs that touch nothing critical?"),
    measured(asked(FixForward, "slight-degradation", "Is the application slower by less than 25 %?"), Bound::Below(0.25), 0),
    asked(FixForward, "other-function", "Is something broken that is not critical?"),
    asked(FixForward, "cosmetic", "Are there faults in looks alone?"),
    asked(FixForward, "single-users", "Do single users have trouble?"),
];

/// Finds a question by its name.
#[must_use]
pub fn criterion(name: &str) -> Option<&'static Criterion> {
    CRITERIA.iter().find(|one| one.name == name)
}
