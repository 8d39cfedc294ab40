//! What was gathered, judged: what to do, in which phase, why, and what is not known.

use serde::Serialize;

use super::assess::{Gathered, RowsAtStake, Since};
use super::contradictions::{Contradiction, contradictions};
use super::reading::{Answer, Reading, Said, lay_over};
use super::spelling::length;
use crate::config::{CriteriaList, Matrix, NEW_DEPLOYED, OLD_DATA, OLD_SERVES, Phase, Roles};
use crate::error::Result;
use crate::words::words;

/// What the criteria come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// An automatic criterion is met.
    RollBack,
    /// People have to weigh it.
    Evaluate,
    /// What is wrong is repaired where it is.
    FixForward,
    /// Nothing is wrong.
    Stay,
    /// Something that could ask for a rollback is not known.
    Undecided,
}

words!(Advice {
    RollBack => "roll-back",
    Evaluate => "evaluate",
    FixForward => "fix-forward",
    Stay => "stay",
    Undecided => "undecided",
});

/// Whose approval is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The role.
    pub role: String,
    /// Who fills it; nobody, where failback.toml names nobody.
    pub people: Vec<String>,
}

/// Something that is not known, and has to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotKnown {
    /// The question's name.
    pub criterion: String,
    /// The question itself.
    pub question: String,
    /// Why it is not known.
    pub why: String,
}

/// An assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// What the criteria come to.
    pub advice: Advice,
    /// The phase, where one is certain.
    pub phase: Option<Phase>,
    /// The phases that it may be, where none is.
    pub possible: Vec<Phase>,
    /// What is done in it, in words.
    pub approach: Option<String>,
    /// Why, the decisive first.
    pub why: Vec<String>,
    /// What stands in the way of it.
    pub in_the_way: Vec<String>,
    /// Whose approval is needed.
    pub approvals: Vec<Approval>,
    /// When it was assessed, in UTC.
    pub at: String,
    /// When the cutover was, as it was written.
    pub cutover: Option<String>,
    /// How long ago that is.
    pub since: Since,
    /// What NEW has taken since.
    pub rows: RowsAtStake,
    /// Every question with its answer.
    pub readings: Vec<Reading>,
    /// What is not known.
    pub not_known: Vec<NotKnown>,
    /// Where the procedure says two things at once.
    pub contradictions: Vec<Contradiction>,
}

/// Judges what was gathered and what people said.
///
/// # Errors
/// `Usage` where an answer is to no question.
pub fn judge(mut gathered: Gathered, said: &[Said], matrix: &Matrix, roles: &Roles) -> Result<Assessment> {
    lay_over(&mut gathered.readings, said)?;
    let placed = Placed::of(&gathered, matrix);
    let (advice, mut why) = advice(placed.phase, &gathered.readings);
    why.extend(placed.why);
    let row = placed.phase.and_then(|phase| matrix.of(phase));
    let approval = |role: &String| Approval { role: role.clone(), people: roles.people(role).unwrap_or_default().to_vec() };
    // Behind the cutover NEW was deployed, whatever answers now.
    let is_past = matches!(gathered.since, Since::After(_));
    let matters = |reading: &Reading| match reading.list {
        CriteriaList::FixForward => false,
        CriteriaList::Fact => !(is_past && reading.criterion == NEW_DEPLOYED),
        CriteriaList::Automatic | CriteriaList::Evaluated => true,
    };
    let is_asked = |reading: &&Reading| reading.answer == Answer::Unknown && matters(reading);
    let not_known = |reading: &Reading| NotKnown {
        criterion: reading.criterion.clone(),
        question: reading.question.clone(),
        why: reading.evidence.clone(),
    };
    Ok(Assessment {
        advice,
        phase: placed.phase,
        possible: placed.possible,
        approach: row.map(|row| row.approach.clone()),
        why,
        in_the_way: placed.phase.map(|phase| in_the_way(phase, &gathered.readings)).unwrap_or_default(),
        approvals: row.map(|row| row.approvals.iter().map(approval).collect()).unwrap_or_default(),
        not_known: gathered.readings.iter().filter(is_asked).map(not_known).collect(),
        contradictions: contradictions(&gathered, matrix, placed.phase),
        at: gathered.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        cutover: gathered.cutover,
        since: gathered.since,
        rows: gathered.rows,
        readings: gathered.readings,
    })
}

fn answer_of(readings: &[Reading], name: &str) -> Answer {
    readings.iter().find(|reading| reading.criterion == name).map_or(Answer::Unknown, |reading| reading.answer)
}

/// Where time and facts lead.
struct Placed {
    phase: Option<Phase>,
    possible: Vec<Phase>,
    why: Vec<String>,
}

impl Placed {
    fn of(gathered: &Gathered, matrix: &Matrix) -> Self {
        let known = |phase: Phase, why: String| Self { phase: Some(phase), possible: Vec::new(), why: vec![why] };
        let open = |possible: Vec<Phase>, why: String| Self { phase: None, possible, why: vec![why] };
        let seconds = match gathered.since {
            Since::After(seconds) => seconds,
            Since::Before(seconds) => {
                let when = format!("the cutover comes in {}", length(seconds));
                return match answer_of(&gathered.readings, NEW_DEPLOYED) {
                    Answer::Yes => known(Phase::DestroyNew, format!("{when}, and NEW is deployed")),
                    Answer::No => known(Phase::AbortDeployment, format!("{when}, and NEW is not deployed")),
                    Answer::Unknown => open(
                        vec![Phase::AbortDeployment, Phase::DestroyNew],
                        format!("{when}, and whether NEW is deployed is not known"),
                    ),
                };
            }
            Since::NotStated => return open(Phase::ALL.to_vec(), "nothing says when the cutover is or was".to_owned()),
        };
        let Some(row) = matrix.at(seconds) else { return open(Vec::new(), "the matrix has no row for this time".to_owned()) };
        let when = format!("the cutover was {} ago, and {} holds for {row}", length(seconds), row.phase);
        // The last row that does not take OLD's end for granted.
        let before = || matrix.rows().iter().rev().find(|row| row.from.is_some() && row.phase != Phase::Emergency);
        match (answer_of(&gathered.readings, OLD_DATA), row.phase) {
            (Answer::No, Phase::Emergency) => known(Phase::Emergency, format!("{when}; OLD's databases are not there")),
            (Answer::No, _) => {
                known(Phase::Emergency, format!("OLD's databases are not there, whatever the time says: {when}"))
            }
            (Answer::Yes, Phase::Emergency) => match before() {
                Some(row) => known(row.phase, format!("{when}, but OLD's databases are there: it is not destroyed")),
                None => known(Phase::Emergency, format!("{when}; OLD's databases are there")),
            },
            (Answer::Unknown, Phase::Emergency) => {
                let possible = before().map(|row| row.phase).into_iter().chain([Phase::Emergency]).collect();
                open(possible, format!("{when}, and whether OLD's databases are there is not known"))
            }
            (Answer::Unknown, phase) => known(phase, format!("{when}, if OLD's databases are there, which is not known")),
            (Answer::Yes, phase) => known(phase, when),
        }
    }
}

/// Says what the criteria come to. What is not known keeps `stay` and `fix-forward` away, as `yes` would.
fn advice(phase: Option<Phase>, readings: &[Reading]) -> (Advice, Vec<String>) {
    let of = |list: CriteriaList, answer: Answer| readings.iter().filter(move |one| one.list == list && one.answer == answer);
    let told = |reading: &Reading| {
        let held = match (&reading.value, &reading.threshold) {
            (Some(value), Some(threshold)) => format!(" ({value}, held against {threshold})"),
            _ => format!(" ({})", reading.evidence),
        };
        format!("{}: {}{held}", reading.criterion, reading.answer)
    };
    let met = |list| of(list, Answer::Yes).map(told).collect::<Vec<_>>();
    let (automatic, evaluated) = (met(CriteriaList::Automatic), met(CriteriaList::Evaluated));
    let unknown = [CriteriaList::Automatic, CriteriaList::Evaluated].map(|list| of(list, Answer::Unknown).count());
    let open = |number: usize, list: &str| format!("{number} {list} criteria are not known, which is no `no`");
    if !automatic.is_empty() {
        if phase == Some(Phase::LongTerm) {
            let why = "so late the procedure fixes forward unless those who have to approve decide otherwise".to_owned();
            return (Advice::Evaluate, automatic.into_iter().chain([why]).collect());
        }
        return (Advice::RollBack, automatic);
    }
    if !evaluated.is_empty() {
        let rest = (unknown[0] > 0).then(|| open(unknown[0], "automatic"));
        if phase == Some(Phase::LongTerm) && unknown[0] == 0 {
            let why = "so late the procedure fixes forward".to_owned();
            return (Advice::FixForward, evaluated.into_iter().chain([why]).collect());
        }
        return (Advice::Evaluate, evaluated.into_iter().chain(rest).collect());
    }
    if unknown != [0, 0] {
        let lists = [(unknown[0], "automatic"), (unknown[1], "evaluated")];
        let why = lists.into_iter().filter(|(number, _)| *number > 0).map(|(number, list)| open(number, list));
        return (Advice::Undecided, why.collect());
    }
    let minor = met(CriteriaList::FixForward);
    if minor.is_empty() {
        return (Advice::Stay, vec!["no criterion is met".to_owned()]);
    }
    (Advice::FixForward, minor)
}

/// Lists what the phase relies on and what is not so, or not known.
fn in_the_way(phase: Phase, readings: &[Reading]) -> Vec<String> {
    let wanted: &[_] = match phase {
        Phase::Quick | Phase::Evaluated => &[(OLD_SERVES, "OLD serves"), (OLD_DATA, "OLD's databases are there")],
        Phase::LongTerm => &[(OLD_DATA, "OLD's databases are there")],
        Phase::AbortDeployment | Phase::DestroyNew => &[(OLD_SERVES, "OLD serves")],
        Phase::Emergency => &[],
    };
    let unmet =
        wanted.iter().map(|(name, what)| (what, answer_of(readings, name))).filter(|(_, answer)| *answer != Answer::Yes);
    unmet.map(|(what, answer)| format!("{what}: {answer}")).collect()
}

#[cfg(test)]
mod tests;
