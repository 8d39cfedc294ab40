//! Where the procedure says two things at once, and what was looked at instead.

use serde::Serialize;

use super::assess::{Gathered, Since};
use super::reading::Answer;
use super::spelling::length;
use crate::config::{CriteriaList, DEGRADATION, Matrix, MatrixRow, OLD_DATA, Phase};

/// Two statements of the procedure that cannot both be gone by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// What they are about.
    pub about: &'static str,
    /// The statements.
    pub says: [String; 2],
    /// What was looked at, or done, instead.
    pub instead: String,
}

/// So near to a border, in seconds, a closed interval would give two answers in practice.
const NEAR: u64 = 300;

/// Finds those that bear on this incident.
pub(super) fn contradictions(gathered: &Gathered, matrix: &Matrix, phase: Option<Phase>) -> Vec<Contradiction> {
    let row = phase.and_then(|phase| matrix.of(phase));
    let found = [
        row.and_then(|row| loss(row, gathered)),
        border(gathered, matrix),
        destroyed(gathered, matrix),
        evaluator(gathered),
        between(gathered),
        phase.and_then(|phase| at_once(gathered, phase)),
    ];
    found.into_iter().flatten().collect()
}

/// What the section about a phase says of lost data, beside the matrix.
const fn section_says(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Quick => Some("Minimal (1 hour of new data)"),
        Phase::Evaluated => Some("Up to 24 hours of data"),
        Phase::LongTerm => Some("24-48 hours of data (significant)"),
        _ => None,
    }
}

fn loss(row: &MatrixRow, gathered: &Gathered) -> Option<Contradiction> {
    let section = section_says(row.phase)?;
    // A matrix of one's own may say what it likes.
    let built_in = Matrix::default();
    (built_in.of(row.phase)?.loss == row.loss).then(|| Contradiction {
        about: "data loss",
        says: [format!("the matrix: {}", row.loss), format!("the section: {section}")],
        instead: gathered.rows.told(),
    })
}

fn border(gathered: &Gathered, matrix: &Matrix) -> Option<Contradiction> {
    let Since::After(seconds) = gathered.since else { return None };
    let is_near =
        |row: &&MatrixRow| row.from.is_some_and(|from| from.seconds() > 0 && seconds.abs_diff(from.seconds().into()) <= NEAR);
    let later = matrix.rows().iter().find(is_near)?;
    let earlier = matrix.rows().iter().find(|row| row.to.is_some() && row.to == later.from)?;
    let at = later.from?;
    Some(Contradiction {
        about: "borders",
        says: [format!("{} holds to {at}", earlier.phase), format!("{} holds from {at}", later.phase)],
        instead: format!(
            "half-open times, {earlier} and {later}: {} after the cutover is {}",
            length(seconds),
            matrix.at(seconds).map_or("nowhere", |row| row.phase.word())
        ),
    })
}

fn destroyed(gathered: &Gathered, matrix: &Matrix) -> Option<Contradiction> {
    let Since::After(seconds) = gathered.since else { return None };
    let by_time = matrix.at(seconds)?.phase;
    let data = gathered.readings.iter().find(|reading| reading.criterion == OLD_DATA)?;
    if !matches!(by_time, Phase::LongTerm | Phase::Emergency) && data.answer != Answer::No {
        return None;
    }
    Some(Contradiction {
        about: "whether OLD is destroyed",
        says: [
            "the matrix: later than 48 hours it is".to_owned(),
            "the section of 24-48 hours: it may be partially destroyed by then".to_owned(),
        ],
        instead: format!("OLD's databases are there: {}: {}", data.answer, data.evidence),
    })
}

fn evaluator(gathered: &Gathered) -> Option<Contradiction> {
    let automatic = || gathered.readings.iter().filter(|reading| reading.list == CriteriaList::Automatic);
    let by_hand = automatic().filter(|reading| reading.by.is_some()).count();
    let unknown = automatic().filter(|reading| reading.answer == Answer::Unknown && reading.by.is_none()).count();
    let all = automatic().count();
    (by_hand + unknown > 0).then(|| Contradiction {
        about: "automatic criteria",
        says: [
            "they start a rollback at once, by themselves".to_owned(),
            "nothing is said to evaluate them, and nobody to own the evaluated ones".to_owned(),
        ],
        instead: format!("of {all}: {} measured, {by_hand} answered by people, {unknown} not known", all - by_hand - unknown),
    })
}

fn between(gathered: &Gathered) -> Option<Contradiction> {
    let of = |name: &str| gathered.readings.iter().find(|reading| reading.criterion == name);
    let (more, less) = (of(DEGRADATION)?, of("slight-degradation")?);
    (more.answer == Answer::No && less.answer == Answer::No).then(|| Contradiction {
        about: "degradation",
        says: ["more than 50 % is weighed".to_owned(), "less than 25 % is repaired where it is".to_owned()],
        instead: format!("it is {}, in no list: people decide", more.value.as_deref().unwrap_or("between the two")),
    })
}

fn at_once(gathered: &Gathered, phase: Phase) -> Option<Contradiction> {
    let second = match phase {
        Phase::Evaluated => "the section: a committee of four has to approve",
        Phase::LongTerm => "the matrix: fix forward",
        _ => return None,
    };
    let met = gathered.readings.iter().find(|one| one.list == CriteriaList::Automatic && one.answer == Answer::Yes)?;
    Some(Contradiction {
        about: "who decides",
        says: ["automatic criteria: roll back immediately if any is met".to_owned(), second.to_owned()],
        instead: format!("{} is met; the approvals of the phase are asked for all the same", met.criterion),
    })
}
