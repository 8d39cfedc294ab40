//! The course of a rollback: its plan, step by step, with the intent written down before each effect and the end after it.
//!
//! Comes in: a plan, its journal, tools. Goes out: where it stopped, and why.
//! Never: begins a step whose needs are not done or whose consent is not there; does once more what may have been done, without
//! a look at the world; goes on behind a failure that the runbook does not allow.

use std::time::SystemTime;

use jiff::Timestamp;

use super::account::{Account, End};
use super::consent::Standing;
use super::journal::{JournalFile, Record};
use super::outcome::{Ended, Facts, Seen};
use super::plan::Plan;
use super::runbook::is_called;
use super::state::{Answer, Effect, State, Verdict};
use super::step::Step;
use super::tools::Tools;
use super::work::Work;
use crate::engine::Servers;
use crate::error::{Error, ErrorKind, Result};

/// Where a rollback stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// At its end.
    Finished {
        /// Whether steps were skipped or failed that may.
        exceptions: bool,
    },
    /// At a step that failed.
    Failed {
        /// The step's id.
        step: String,
        /// Why.
        cause: String,
    },
    /// At a step of which nobody can tell how it ended.
    Unknown {
        /// The step's id.
        step: String,
        /// Why.
        cause: String,
    },
    /// At a step that waits for people.
    Waiting {
        /// The step's id.
        step: String,
        /// For what.
        cause: String,
    },
    /// Because somebody paused or ended it.
    Paused {
        /// Who, and why.
        cause: String,
    },
}

/// What happens, for who looks on.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A step begins to act; which of how many it is.
    Begins(&'a Step, usize, usize),
    /// A step's work is over.
    Ends(&'a Step, State, Option<&'a str>),
    /// A step waits for people; for what.
    Waits(&'a Step, &'a str),
    /// A step is taken back.
    TakesBack(&'a Step),
}

/// Carries out a plan.
pub struct Course<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Where it is written down.
    pub journal: &'a JournalFile,
    /// Runs programs.
    pub tools: &'a Tools,
    /// The servers, where the configuration names them.
    pub servers: Option<&'a Servers>,
    /// Is told what happens.
    pub watch: &'a (dyn Fn(&Event<'_>) + Send + Sync),
}

impl Course<'_> {
    /// Carries out what is left of the plan, until it is done, something fails, or people are waited for. Dropping it in the
    /// middle is what a crash is: the next call looks at the world first.
    ///
    /// # Errors
    /// `Interrupted` where the user asks to stop, `Damaged` where the journal is broken, what keeps evidence from being kept.
    pub async fn run(&self) -> Result<Stopped> {
        let steps = &self.plan.runbook.steps;
        for (at, step) in steps.iter().enumerate() {
            let account = self.account()?;
            if let Some((by, why)) = &account.paused {
                return Ok(Stopped::Paused { cause: format!("{by} paused it: {why}") });
            }
            match &account.end {
                Some(End::Finished { exceptions, .. }) => return Ok(Stopped::Finished { exceptions: *exceptions }),
                Some(End::Aborted { by, why, .. }) => return Ok(Stopped::Paused { cause: format!("{by} ended it: {why}") }),
                None => {}
            }
            let state = account.state(&step.id);
            if state.is_over() || (state == State::Failed && step.optional) {
                continue;
            }
            if let Some(stopped) = self.not_yet(step, &account) {
                if let Stopped::Waiting { cause, .. } = &stopped {
                    (self.watch)(&Event::Waits(step, cause));
                }
                return Ok(stopped);
            }
            (self.watch)(&Event::Begins(step, at + 1, steps.len()));
            if let Some(stopped) = self.step(step, &account).await? {
                return Ok(stopped);
            }
        }
        let account = self.account()?;
        let exceptions = steps.iter().any(|step| matches!(account.state(&step.id), State::Skipped | State::Failed));
        if account.end.is_none() {
            self.journal.append(&Record::Finished { exceptions })?;
        }
        Ok(Stopped::Finished { exceptions })
    }

    fn account(&self) -> Result<Account> {
        Ok(Account::of(&self.journal.read()?.0))
    }

    /// What keeps a step from beginning, if anything does.
    fn not_yet(&self, step: &Step, account: &Account) -> Option<Stopped> {
        for need in &step.needs {
            let needed = self.plan.runbook.steps.iter().filter(|other| is_called(other, need));
            // What destroys has no second chance: what was left out before it does not count as done.
            let is_enough = |state: State| match step.kind.effect() {
                Effect::Destructive => state.is_over() && state != State::Skipped,
                _ => state.is_over(),
            };
            if let Some(open) = needed.into_iter().find(|other| !is_enough(account.state(&other.id))) {
                let cause = format!("it needs {}, which is {}", open.id, account.state(&open.id));
                return Some(Stopped::Failed { step: step.id.clone(), cause });
            }
        }
        let consent = step.consent.as_ref()?;
        let votes = account.steps.get(&step.id).map(|step| step.votes.as_slice()).unwrap_or_default();
        let cause = match consent.standing(votes, Timestamp::now()) {
            Standing::Given => return None,
            Standing::Denied { by, role } => format!("{by} denied it as {role}"),
            Standing::Missing { roles, people } if roles.is_empty() => format!("{people} more people have to approve"),
            Standing::Missing { roles, .. } => format!("nobody has approved as {}", roles.join(", ")),
        };
        Some(Stopped::Waiting { step: step.id.clone(), cause })
    }

    /// Carries out one step; where the rollback stops at it, says so.
    async fn step(&self, step: &Step, account: &Account) -> Result<Option<Stopped>> {
        let before = account.state(&step.id);
        if let Some(seen) = self.look(step, account, before).await? {
            match seen {
                Seen::Done(facts) => {
                    self.end(step, Verdict::AlreadyDone, facts, None)?;
                    return Ok(None);
                }
                // Nothing was begun, so that nothing is in doubt: the step cannot be taken as things are.
                Seen::Unknown(cause) if !matches!(before, State::Running | State::Unknown) => {
                    return self.failed(step, format!("it cannot be seen whether it is done: {cause}")).await;
                }
                Seen::Unknown(cause) => {
                    self.end(step, Verdict::Unknown, Facts::new(), Some(&cause))?;
                    return Ok(Some(Stopped::Unknown { step: step.id.clone(), cause }));
                }
                Seen::NotDone => {}
            }
        }
        self.journal.append(&Record::Intent { step: step.id.clone() })?;
        let mut ended = self.act(step).await?;
        for _ in 0..step.retries {
            if !matches!(ended, Ended::Failed(_)) {
                break;
            }
            ended = self.act(step).await?;
        }
        match ended {
            Ended::Done(facts) => {
                self.end(step, Verdict::Done, facts, None)?;
                Ok(None)
            }
            Ended::Waiting(cause) => {
                (self.watch)(&Event::Waits(step, &cause));
                Ok(Some(Stopped::Waiting { step: step.id.clone(), cause }))
            }
            Ended::Unknown(cause) => {
                self.end(step, Verdict::Unknown, Facts::new(), Some(&cause))?;
                Ok(Some(Stopped::Unknown { step: step.id.clone(), cause }))
            }
            Ended::Failed(cause) => self.failed(step, cause).await,
        }
    }

    /// Looks whether a step is done before it acts. `None` where there is nothing to be looked at.
    async fn look(&self, step: &Step, account: &Account, before: State) -> Result<Option<Seen>> {
        let is_in_doubt = matches!(before, State::Running | State::Unknown);
        if !step.kind.has_probe() {
            let must_ask = is_in_doubt && !step.kind.may_repeat();
            let cause = "it began before, nothing says how that ended, and it has no probe";
            return Ok(must_ask.then(|| Seen::Unknown(cause.to_owned())));
        }
        // What destroys is found done only where it was begun here: an empty state is what a wrong folder looks like, too.
        if step.kind.effect() == Effect::Destructive && !is_in_doubt {
            return Ok(None);
        }
        self.working(step, account, async |work| step.kind.probe(&work).await).await.map(Some)
    }

    async fn act(&self, step: &Step) -> Result<Ended> {
        let account = self.account()?;
        let ended = self.working(step, &account, async |work| step.kind.act(&work).await).await;
        // A program that cannot be started, a server that cannot be reached: the step failed, and the journal has to say so.
        match ended {
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Storage | ErrorKind::StorageFull) => {
                Err(error)
            }
            Err(error) => {
                let causes = std::iter::once(error.to_string()).chain(error.causes());
                let cause = self.tools.secrets().hide(&causes.collect::<Vec<_>>().join(": "));
                Ok(Ended::Failed(cause))
            }
            ended => ended,
        }
    }

    async fn working<T>(&self, step: &Step, account: &Account, work: impl AsyncFnOnce(Work<'_>) -> Result<T>) -> Result<T> {
        let folder = self.tools.folder().display().to_string();
        let facts = |of: &str, key: &str| match (of, key) {
            ("rollback", "folder") => Some(folder.clone()),
            _ => account.fact(of, key),
        };
        let answers = |item: &str| -> Option<Answer> {
            account.steps.get(&step.id).and_then(|step| step.answers.get(item)).map(|(answer, _)| *answer)
        };
        work(Work {
            tools: self.tools,
            facts: &facts,
            answers: &answers,
            servers: self.servers,
            step: &step.id,
            begun: account.begun(&step.id).min(SystemTime::now()),
            timeout: step.timeout(),
        })
        .await
    }

    fn end(&self, step: &Step, verdict: Verdict, facts: Facts, cause: Option<&str>) -> Result<()> {
        let cause = cause.map(|cause| self.tools.secrets().hide(cause));
        self.journal.append(&Record::Ended { step: step.id.clone(), verdict, facts, cause: cause.clone() })?;
        (self.watch)(&Event::Ends(step, verdict.into(), cause.as_deref()));
        Ok(())
    }

    async fn failed(&self, step: &Step, cause: String) -> Result<Option<Stopped>> {
        self.end(step, Verdict::Failed, Facts::new(), Some(&cause))?;
        if step.optional {
            return Ok(None);
        }
        if step.compensate
            && let Some(stopped) = self.compensate(step).await?
        {
            return Ok(Some(stopped));
        }
        Ok(Some(Stopped::Failed { step: step.id.clone(), cause }))
    }

    /// Takes back what the others of a step's group have done: all of them, or none.
    async fn compensate(&self, failed: &Step) -> Result<Option<Stopped>> {
        let group = |step: &&Step| step.group.is_some() && step.group == failed.group && step.id != failed.id;
        for step in self.plan.runbook.steps.iter().rev().filter(group) {
            if self.account()?.state(&step.id) == State::Done {
                let ended = self.take_back(step).await?;
                if let Some(cause) = ended {
                    return Ok(Some(Stopped::Unknown { step: step.id.clone(), cause }));
                }
            }
        }
        Ok(None)
    }

    /// Takes back what one step did; says what kept it from that.
    ///
    /// # Errors
    /// As [`Course::run`].
    pub async fn take_back(&self, step: &Step) -> Result<Option<String>> {
        (self.watch)(&Event::TakesBack(step));
        self.journal.append(&Record::UndoIntent { step: step.id.clone() })?;
        let account = self.account()?;
        let ended = self.working(step, &account, async |work| step.kind.undo(&work).await).await?;
        match ended {
            Ended::Done(facts) => self.end(step, Verdict::Undone, facts, None).map(|()| None),
            Ended::Failed(cause) => self.end(step, Verdict::Failed, Facts::new(), Some(&cause)).map(|()| Some(cause)),
            Ended::Unknown(cause) | Ended::Waiting(cause) => {
                self.end(step, Verdict::Unknown, Facts::new(), Some(&cause)).map(|()| Some(cause))
            }
        }
    }

    /// Takes back what the steps did, the last first, as far as that can be; or one step alone.
    ///
    /// # Errors
    /// `Usage` where no step is called so, or what it did cannot be taken back; as [`Course::run`].
    pub async fn undo(&self, only: Option<&str>) -> Result<Vec<(String, Option<String>)>> {
        let account = self.account()?;
        let is_meant = |step: &&Step| only.is_none_or(|only| is_called(step, only));
        let done = |step: &&Step| matches!(account.state(&step.id), State::Done | State::Unknown | State::Running);
        let steps = &self.plan.runbook.steps;
        if let Some(only) = only
            && !steps.iter().filter(is_meant).any(|step| step.kind.can_undo() && done(&step))
        {
            let cause = format!("no step called `{only}` has done anything that it can take back");
            return Err(Error::new(ErrorKind::Usage, "take a step back").because(cause));
        }
        let mut taken = Vec::new();
        for step in steps.iter().rev().filter(is_meant).filter(done).filter(|step| step.kind.can_undo()) {
            taken.push((step.id.clone(), self.take_back(step).await?));
        }
        Ok(taken)
    }
}
