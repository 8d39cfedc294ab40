//! The course of a rollback: its plan, step by step, with the intent written down before each effect and the end after it.
//!
//! Comes in: a plan, its journal, tools. Goes out: where it stopped, and why.
//! Never: begins a step whose needs are not done or whose consent is not there; does once more what may have been done, without
//! a look at the world; goes on behind a failure that the runbook does not allow.

use std::time::SystemTime;

use jiff::Timestamp;

use super::account::Account;
use super::finish::{self, Finish};
use super::journal::{JournalFile, Record};
use super::outcome::{Ended, Facts, Seen};
use super::plan::Plan;
use super::rest::TrafficRest;
use super::state::{Answer, Effect, State, Verdict};
use super::step::Step;
use super::tools::Tools;
use super::work::Work;
use crate::engine::{Claim, Servers};
use crate::error::{Error, ErrorKind, Result};

/// Where a rollback stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// At its end.
    Finished(Finish),
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
    /// At its end but for what is put off.
    PutOff {
        /// The id of the first step that is.
        step: String,
        /// Until when.
        cause: String,
    },
    /// Because somebody paused it.
    Paused {
        /// Who, and why.
        cause: String,
    },
    /// Because somebody ended it.
    Aborted {
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
    /// A step that moves traffic waits until then, since traffic was moved a moment ago.
    Rests(&'a Step, Timestamp),
    /// Something that concerns no step.
    Note(&'a str),
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
    /// The claim to the environment on OLD, where the configuration names OLD.
    pub claim: Option<&'a Claim>,
    /// How long traffic rests where it is.
    pub rest: TrafficRest,
    /// Is told what happens.
    pub watch: &'a (dyn Fn(&Event<'_>) + Send + Sync),
}

impl Course<'_> {
    /// Makes sure that nobody else carries out steps in the environment. An OLD that does not answer is no reason to stop, and
    /// is written down.
    pub(super) async fn hold_claim(&self) -> Result<()> {
        let Some(claim) = self.claim else { return Ok(()) };
        if let Some(cause) = claim.hold().await? {
            let cause = self.tools.secrets().hide(&cause);
            let text = format!("OLD cannot be asked whether somebody carries out a rollback from another machine: {cause}");
            (self.watch)(&Event::Note(&text));
            self.journal.append(&Record::Noted { by: "failback".to_owned(), text })?;
        }
        Ok(())
    }

    /// Says what a rollback that has ended came to. Where a crash interrupted what was taken back after the end, the world is
    /// looked at first.
    pub(super) async fn after_the_end(&self, account: &Account) -> Result<Stopped> {
        let Some(step) = finish::in_doubt(&self.plan.runbook, account) else {
            return Ok(Stopped::Finished(Finish::of(&self.plan.runbook, account)));
        };
        let cause = match self.look(step, account, account.state(&step.id)).await? {
            Some(Seen::Done(facts)) => {
                self.end(step, Verdict::AlreadyDone, facts, None)?;
                return Box::pin(self.after_the_end(&self.account()?)).await;
            }
            Some(Seen::NotDone) => {
                self.end(step, Verdict::Undone, Facts::new(), None)?;
                return Box::pin(self.after_the_end(&self.account()?)).await;
            }
            Some(Seen::Unknown(cause)) => cause,
            None => "taking it back began, and nothing says how that ended; `undo` does it once more".to_owned(),
        };
        Ok(Stopped::Unknown { step: step.id.clone(), cause })
    }

    pub(super) fn account(&self) -> Result<Account> {
        Ok(Account::of(&self.journal.read()?.0))
    }

    /// Carries out one step; where the rollback stops at it, says so.
    pub(super) async fn step(&self, step: &Step, account: &Account) -> Result<Option<Stopped>> {
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
            Err(error) => Ok(Ended::Failed(self.tools.secrets().hide(&error.in_full()))),
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
            secrets: &step.secrets,
            begun: account.begun(&step.id).min(SystemTime::now()),
            timeout: step.timeout(),
            once: false,
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
        let account = self.account()?;
        let before = account.state(&step.id);
        if matches!(before, State::Running | State::Unknown) {
            match self.look(step, &account, before).await? {
                Some(Seen::NotDone) => return self.end(step, Verdict::Undone, Facts::new(), None).map(|()| None),
                Some(Seen::Unknown(cause)) => {
                    self.end(step, Verdict::Unknown, Facts::new(), Some(&cause))?;
                    return Ok(Some(cause));
                }
                Some(Seen::Done(_)) | None => {}
            }
        }
        (self.watch)(&Event::TakesBack(step));
        self.journal.append(&Record::UndoIntent { step: step.id.clone() })?;
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
        self.hold_claim().await?;
        let account = self.account()?;
        let steps = finish::taken_back(&self.plan.runbook, &account, only);
        if let (Some(only), []) = (only, steps.as_slice()) {
            let cause = format!("no step called `{only}` has done anything that it can take back");
            return Err(Error::new(ErrorKind::Usage, "take a step back").because(cause));
        }
        let mut taken = Vec::new();
        for step in steps {
            taken.push((step.id.clone(), self.take_back(step).await?));
        }
        Ok(taken)
    }
}
