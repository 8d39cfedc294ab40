//! An assessment as a page: what to do first, the command that does it last.

use super::page::Page;
use super::settings::{Settings, shell_word};
use super::step::Step;
use super::{Call, amount, taken};
use crate::config::{CriteriaList, NEW_DEPLOYED, OLD_DATA, Phase};
use crate::phases::{Advice, Answer, Assessment, NOBODY, Reading, RowsAtStake, Since};

/// So many tables are enough to see where the rows are.
const TABLES: usize = 10;

/// Lays out an assessment.
pub(super) fn page(call: &Call, settings: &Settings, assessment: &Assessment) -> Page {
    let mut page = call.printer.page();
    let verdict = page.paint().bold(&verdict(assessment));
    page.line(verdict);
    page.list("why:", &assessment.why);
    page.list("in the way:", &assessment.in_the_way);
    let named = |people: &[String]| if people.is_empty() { "nobody is named in [roles]".to_owned() } else { people.join(", ") };
    page.list("who has to approve:", assessment.approvals.iter().map(|one| format!("{}: {}", one.role, named(&one.people))));
    page.list("rows at stake:", rows(&assessment.rows));
    for list in CriteriaList::ALL {
        page.list(&format!("{list} criteria:"), criteria(assessment, *list));
    }
    let how = || "answer with --answer NAME=yes or NAME=no, and --by who says so".to_owned();
    let why = |why: &str| if why == NOBODY { String::new() } else { format!(" ({why})") };
    let open = assessment.not_known.iter().map(|one| format!("{}: {}{}", one.criterion, one.question, why(&one.why)));
    let has_open = !assessment.not_known.is_empty();
    page.list("not known:", open.chain(has_open.then(how)));
    for one in &assessment.contradictions {
        let lines = [format!("it says: {}", one.says[0]), format!("and: {}", one.says[1]), format!("instead: {}", one.instead)];
        page.list(&format!("the procedure contradicts itself: {}", one.about), lines);
    }
    page.next(next(settings, assessment));
    page
}

fn verdict(assessment: &Assessment) -> String {
    let phase = match (assessment.phase, assessment.possible.as_slice()) {
        (Some(phase), _) => format!("phase {phase}"),
        (None, possible) => {
            let words: Vec<_> = possible.iter().map(|phase| phase.word()).collect();
            format!("the phase is not certain: {}", words.join(" or "))
        }
    };
    let advice = match assessment.advice {
        Advice::RollBack => "roll back",
        Advice::Evaluate => "people have to weigh a rollback",
        Advice::FixForward => "fix forward",
        Advice::Stay => "stay: nothing asks for a rollback",
        Advice::Undecided => "undecided: what is not known may ask for a rollback",
    };
    let approach = assessment.approach.as_ref().map_or_else(String::new, |approach| format!(" ({approach})"));
    format!("{advice}; {phase}{approach}")
}

/// Says what is at stake: how many rows, in which tables, and what was not counted.
pub(super) fn rows(rows: &RowsAtStake) -> Vec<String> {
    let mut lines = vec![rows.told()];
    let mut counted: Vec<_> = rows.tables.iter().filter(|table| table.rows.is_some_and(|rows| rows > 0)).collect();
    counted.sort_by_key(|table| std::cmp::Reverse(table.rows));
    lines.extend(counted.iter().take(TABLES).map(|table| {
        let by = table.evidence.map_or("", |evidence| evidence.word());
        format!("{}: {}: {} ({by})", table.database, table.table, amount::rows(table.rows.unwrap_or(0)))
    }));
    if counted.len() > TABLES {
        lines.push(format!("and {} more tables", counted.len() - TABLES));
    }
    let uncounted = rows.tables.iter().filter(|table| table.rows.is_none()).take(TABLES);
    lines.extend(uncounted.map(|table| {
        format!("{}: {}: not counted: {}", table.database, table.table, table.why.as_deref().unwrap_or_default())
    }));
    lines
}

/// Tells the answers of a list; those that are not known by name alone, as they are told apart.
fn criteria(assessment: &Assessment, list: CriteriaList) -> Vec<String> {
    let of = |one: &&Reading| one.list == list;
    let (open, known): (Vec<_>, Vec<_>) = assessment.readings.iter().filter(of).partition(|one| one.answer == Answer::Unknown);
    let told = |one: &&Reading| {
        let held = match (&one.value, &one.threshold) {
            (Some(value), Some(threshold)) => format!(" ({value}, held against {threshold})"),
            _ => String::new(),
        };
        format!("{:<4}{}{held}: {}", one.answer, one.criterion, one.evidence)
    };
    let names: Vec<_> = open.iter().map(|one| one.criterion.as_str()).collect();
    let rest = (!names.is_empty()).then(|| format!("unknown: {}", names.join(", ")));
    known.iter().map(told).chain(rest).collect()
}

fn next(settings: &Settings, assessment: &Assessment) -> Vec<Step> {
    match (assessment.advice, assessment.phase) {
        (Advice::RollBack | Advice::Evaluate, Some(phase)) => {
            let weighed = assessment.advice == Advice::Evaluate;
            let first = weighed.then(|| Step::Say("if those who have to approve want it:".to_owned()));
            first.into_iter().chain([carry_out(settings, phase)]).collect()
        }
        (Advice::Stay | Advice::FixForward, Some(_)) => vec![Step::Run(settings.command("assess", &[]))],
        _ => ask(settings, assessment),
    }
}

/// Says how the phase is carried out.
fn carry_out(settings: &Settings, phase: Phase) -> Step {
    if !taken::has_part("rollback", phase.word()) {
        return Step::Say(format!("no runbook comes with failback for {phase}: `failback rollback run` carries out your own"));
    }
    let environment = settings.environment().map(|name| format!("--env {}", shell_word(name)));
    Step::Run(settings.rollback_command(phase.word(), environment.as_slice()))
}

/// Says how to answer what keeps the phase or the advice open.
fn ask(settings: &Settings, assessment: &Assessment) -> Vec<Step> {
    let run = |more: &[String]| Step::Run(settings.command("assess", more));
    let fact = match (assessment.phase, assessment.since) {
        (None, Since::NotStated) => {
            let example = "--cutover 2026-11-22T10:00:00+02:00".to_owned();
            return vec![Step::Say("say when the cutover is or was, in place of the example:".to_owned()), run(&[example])];
        }
        (None, Since::Before(_)) => Some(NEW_DEPLOYED),
        (None, Since::After(_)) => Some(OLD_DATA),
        (Some(_), _) => None,
    };
    let criterion = || {
        let asks = |one: &&Reading| {
            one.answer == Answer::Unknown && [CriteriaList::Automatic, CriteriaList::Evaluated].contains(&one.list)
        };
        assessment.readings.iter().find(asks).map(|one| one.criterion.as_str())
    };
    let name = fact.or_else(criterion).unwrap_or("NAME");
    let more = [format!("--answer {name}=no"), "--by NAME".to_owned()];
    vec![Step::Say("answer what is not known, yes or no:".to_owned()), run(&more)]
}
