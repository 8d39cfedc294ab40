//! A rehearsal of a phase: every step is looked at, and what would change something is not done.
//!
//! Comes in: a runbook as far as it can be read, tools, servers. Goes out: what each look said and how long it took, written
//! into a journal of its own. Never: stops at a step that is not as it has to be, writes, asks people, lets time pass.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::draft::{Draft, Drafted};
use super::glance::Glances;
use super::journal::{JournalFile, Record};
use super::kind::Kind;
use super::outcome::{Ended, Facts, Seen};
use super::runbook::{awaits, is_called};
use super::state::{Effect, Finding};
use super::step::Step;
use super::tools::Tools;
use super::work::Work;
use crate::engine::Servers;
use crate::error::Result;
use crate::text::shell_line;

/// How long one look may take, whatever the step may.
const PATIENCE: Duration = Duration::from_mins(5);

/// Rehearses.
pub struct Drill<'a> {
    /// The runbook.
    pub draft: &'a Draft,
    /// Where it is written down.
    pub journal: &'a JournalFile,
    /// Runs programs.
    pub tools: &'a Tools,
    /// The servers, where the configuration names them.
    pub servers: Option<&'a Servers>,
    /// Is told what each look said.
    pub watch: &'a (dyn Fn(&Looked) + Send + Sync),
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The step's id.
    pub step: String,
    /// Its title.
    pub title: String,
    /// What it said.
    pub finding: Finding,
    /// Why, or what is to be known of it.
    pub cause: Option<String>,
    /// What was looked at, to the letter.
    pub looked_at: Vec<String>,
    /// What was left alone, to the letter.
    pub left_alone: Vec<String>,
    /// What was found out.
    pub facts: Facts,
    /// How long that took.
    pub took: Duration,
}

/// What a look said, before it is known what hangs on what.
struct Look {
    finding: Finding,
    facts: Facts,
    cause: Option<String>,
    /// What was asked, where that was no program.
    asked: Vec<String>,
}

impl Look {
    fn new(finding: Finding, cause: impl Into<Option<String>>) -> Self {
        Self { finding, facts: Facts::new(), cause: cause.into(), asked: Vec::new() }
    }

    fn of(ended: Ended, kind: &Kind) -> Self {
        let look = match ended {
            Ended::Done(facts) => Self { facts, ..Self::new(Finding::Ready, None) },
            Ended::Failed(cause) => Self::new(Finding::NotReady, cause),
            Ended::Unknown(cause) => Self::new(Finding::CannotLook, cause),
            Ended::Waiting(cause) => Self::new(Finding::NotLooked, cause),
        };
        Self { asked: kind.show(), ..look }
    }
}

impl Drill<'_> {
    /// Looks at all steps, one after another.
    ///
    /// # Errors
    /// `Interrupted` where the user asks to stop, what keeps evidence from being kept.
    pub async fn run(&self) -> Result<Vec<Looked>> {
        let mut glances = Glances::new(self.tools, self.servers);
        let (mut open, mut all) = (BTreeSet::new(), Vec::new());
        for drafted in &self.draft.steps {
            self.tools.stop().check()?;
            let looked = match drafted {
                Drafted::Broken { id, cause } => Looked {
                    step: id.clone(),
                    title: String::new(),
                    finding: Finding::CannotLook,
                    cause: Some(cause.clone()),
                    looked_at: Vec::new(),
                    left_alone: Vec::new(),
                    facts: Facts::new(),
                    took: Duration::ZERO,
                },
                Drafted::Step(step) => self.step(step, &mut glances, &open).await?,
            };
            if matches!(looked.finding, Finding::LeftAlone | Finding::NotYet) {
                open.insert(looked.step.clone());
            }
            (self.watch)(&looked);
            all.push(looked);
        }
        Ok(all)
    }

    async fn step(&self, step: &Step, glances: &mut Glances<'_>, open: &BTreeSet<String>) -> Result<Looked> {
        let begun = Instant::now();
        let before = self.journal.read()?.0.len();
        let looking =
            glances.look(&step.id, step.timeout().min(PATIENCE), async |work| look(step, &work.taking(&step.secrets)).await);
        let mut look = looking.await?.unwrap_or_else(|cause| Look::new(Finding::CannotLook, cause));
        let took = begun.elapsed();
        // What a step before it would have changed may be what it looks for.
        if matches!(look.finding, Finding::NotReady | Finding::CannotLook)
            && let Some(first) = self.hangs_on(step, open)
        {
            let cause = look.cause.take().unwrap_or_default();
            (look.finding, look.cause) = (Finding::NotYet, Some(format!("{cause} ({first} was left alone before it)")));
        }
        glances.learn(&step.id, &look.facts);
        let cause = look.cause.map(|cause| self.tools.secrets().hide(&cause));
        self.journal.append(&Record::Looked {
            step: step.id.clone(),
            finding: look.finding,
            facts: look.facts.clone(),
            cause: cause.clone(),
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        })?;
        let programs = self.journal.read()?.0.into_iter().skip(before).filter_map(|line| match line.record {
            Record::Command { argv, .. } => Some(shell_line(&argv)),
            _ => None,
        });
        let mut looked_at: Vec<_> = programs.collect();
        if looked_at.is_empty() {
            looked_at = look.asked.iter().map(|line| self.tools.secrets().hide(line)).collect();
        }
        let is_left = step.kind.effect() > Effect::People;
        let left = if is_left { step.kind.show() } else { Vec::new() };
        let left_alone = left.iter().map(|line| self.tools.secrets().hide(line)).collect();
        Ok(Looked {
            step: step.id.clone(),
            title: step.title.clone(),
            finding: look.finding,
            cause,
            looked_at,
            left_alone,
            facts: look.facts,
            took,
        })
    }

    /// The first step that was left alone, or waits for one that was, among those that a step needs.
    fn hangs_on<'a>(&self, step: &Step, open: &'a BTreeSet<String>) -> Option<&'a String> {
        let awaited = awaits(step);
        let is_needed = |other: &Step| {
            step.needs.iter().any(|need| is_called(other, need)) || awaited.iter().any(|(name, _)| *name == other.id)
        };
        let mut needed = self.draft.runbook.steps.iter().filter(|other| is_needed(other));
        needed.find_map(|other| open.get(&other.id))
    }
}

async fn look(step: &Step, work: &Work<'_>) -> Result<Look> {
    let kind = &step.kind;
    let consent = step.consent.as_ref().map(|consent| format!("would wait for {}", consent.text()));
    Ok(match kind {
        Kind::Approval(_) => Look::new(Finding::NotLooked, consent),
        Kind::Wait(_) => Look::new(Finding::NotLooked, format!("would {}", kind.show().join("; "))),
        Kind::Engine(engine) if kind.effect() > Effect::People => match engine.look(work).await? {
            Some(Ended::Done(facts)) => Look { facts, ..Look::new(Finding::LeftAlone, consent) },
            Some(ended) => Look::of(ended, kind),
            None => Look::new(Finding::LeftAlone, consent),
        },
        kind if kind.effect() <= Effect::People => Look::of(kind.act(work).await?, kind),
        kind if kind.has_probe() => match kind.probe(work).await? {
            Seen::Done(facts) => Look { facts, ..Look::new(Finding::AlreadyDone, consent) },
            Seen::NotDone => Look::new(Finding::LeftAlone, consent),
            Seen::Unknown(cause) => Look::new(Finding::CannotLook, cause),
        },
        _ => Look::new(Finding::LeftAlone, consent),
    })
}
