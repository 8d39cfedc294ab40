//! The steps of a rollback in turn. A step's turn has come where nobody else is at work, nobody has paused the rollback, what
//! the step needs is done, consent is there, and traffic has rested.

use std::time::Duration;

use super::account::{Account, End};
use super::course::{Course, Event, Stopped};
use super::finish::Finish;
use super::journal::Record;
use super::put_off;
use super::rest;
use super::runbook::is_called;
use super::standing;
use super::state::{Effect, State};
use super::step::Step;
use crate::error::Result;

/// How often people's word is looked for while traffic rests.
const GLANCE: Duration = Duration::from_secs(1);

/// Whether a step's turn has come.
enum Turn {
    /// Its work is over, or it failed and may.
    Over,
    /// It may begin, by this account.
    Comes(Box<Account>),
    /// It is put off, for this reason.
    PutOff(String),
    /// The rollback stops before it.
    Stopped(Stopped),
}

impl Course<'_> {
    /// Carries out what is left of the plan, until it is done, something fails, or people are waited for. Dropping it in the
    /// middle is what a crash is: the next call looks at the world first.
    ///
    /// # Errors
    /// `Interrupted` where the user asks to stop, `Damaged` where the journal is broken, what keeps evidence from being kept.
    pub async fn run(&self) -> Result<Stopped> {
        let (steps, mut put_off) = (&self.plan.runbook.steps, None);
        for (at, step) in steps.iter().enumerate() {
            let account = match self.turn(step).await? {
                Turn::Over => continue,
                Turn::PutOff(cause) => {
                    put_off.get_or_insert((step, cause));
                    continue;
                }
                Turn::Stopped(stopped) => return Ok(stopped),
                Turn::Comes(account) => account,
            };
            (self.watch)(&Event::Begins(step, at + 1, steps.len()));
            if let Some(stopped) = self.step(step, &account).await? {
                return Ok(stopped);
            }
        }
        if let Some((step, cause)) = put_off {
            (self.watch)(&Event::Waits(step, &cause));
            return Ok(Stopped::PutOff { step: step.id.clone(), cause });
        }
        let account = self.account()?;
        let finish = Finish::of(&self.plan.runbook, &account);
        if account.end.is_none() {
            self.journal.append(&Record::Finished { exceptions: finish != Finish::Done })?;
        }
        Ok(Stopped::Finished(finish))
    }

    /// Waits until a step's turn has come, if it comes.
    async fn turn(&self, step: &Step) -> Result<Turn> {
        self.hold_claim().await?;
        let mut told = None;
        loop {
            let account = self.account()?;
            if let Some((by, why)) = &account.paused {
                return Ok(Turn::Stopped(Stopped::Paused { cause: format!("{by} paused it: {why}") }));
            }
            match &account.end {
                Some(End::Finished { .. }) => return self.after_the_end(&account).await.map(Turn::Stopped),
                Some(End::Aborted { by, why, .. }) => {
                    return Ok(Turn::Stopped(Stopped::Aborted { cause: format!("{by} ended it: {why}") }));
                }
                None => {}
            }
            let state = account.state(&step.id);
            if state.is_over() || (state == State::Failed && step.optional) {
                return Ok(Turn::Over);
            }
            if let Some(at) = put_off::until(step, &self.plan.runbook, &account) {
                return Ok(Turn::PutOff(put_off::cause(at)));
            }
            if let Some(stopped) = self.not_yet(step, &account) {
                if let Stopped::Waiting { cause, .. } = &stopped {
                    (self.watch)(&Event::Waits(step, cause));
                }
                return Ok(Turn::Stopped(stopped));
            }
            let Some(until) = rest::until(step, &self.plan.runbook, &account, self.rest) else {
                return Ok(Turn::Comes(Box::new(account)));
            };
            if told.replace(until) != Some(until) {
                (self.watch)(&Event::Rests(step, until));
            }
            self.tools.stop().or(tokio::time::sleep(GLANCE)).await?;
        }
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
        let cause = standing::lacks_consent(step, account)?;
        Some(Stopped::Waiting { step: step.id.clone(), cause })
    }
}
