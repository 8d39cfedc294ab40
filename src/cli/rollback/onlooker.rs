//! Who looks on while steps are carried out: a program that reads an event a line, or a person, on a terminal's screen or line
//! by line.
//!
//! Programs get the lines of the journal, in its order and whoever wrote them, and beside them what is over too soon to be
//! written down.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::Call;
use super::super::printer::Narration;
use super::super::settings::Settings;
use super::folder::Rollback;
use super::live;
use super::surroundings::secrets;
use super::view::View;
use crate::error::Result;
use crate::phases::account::Account;
use crate::phases::course::Event;
use crate::phases::happening::Told;
use crate::phases::journal::JournalFile;
use crate::phases::plan::Plan;
use crate::phases::secrets::Secrets;
use crate::phases::tools::{Doing, Watcher};

/// How often it is looked whether somebody else wrote into the journal.
const TICK: Duration = Duration::from_millis(500);

/// Looks on.
pub(super) struct Onlooker {
    call: Call,
    plan: Plan,
    journal: JournalFile,
    secrets: Secrets,
    /// The last line of the journal that was told.
    told: Mutex<u64>,
    /// The terminal's screen, where there is one.
    view: Option<View>,
}

impl Onlooker {
    /// Looks on from now.
    ///
    /// # Errors
    /// As [`JournalFile::read`] and [`Onlooker::of_all`].
    pub(super) fn of(call: &Call, settings: &Settings, rollback: &Rollback) -> Result<Arc<Self>> {
        let (lines, _) = rollback.journal.read()?;
        // What this process wrote to begin or to go on with it is news; what stood before is not.
        let told = lines.last().map_or(0, |line| line.seq - 1);
        let printer = &call.printer;
        let is_shown = printer.narration() == Narration::Bar && !printer.has_lines();
        let account = Account::of(&lines);
        let all = Self::of_all(call, settings, rollback)?;
        let shown = is_shown.then(|| View::take(&rollback.plan, &account, printer.is_narration_painted(), &call.stop));
        Ok(Arc::new(Self { told: Mutex::new(told), view: shown.flatten(), ..all }))
    }

    /// Looks at all that has happened.
    ///
    /// # Errors
    /// `Config` where a server's address makes no sense.
    pub(super) fn of_all(call: &Call, settings: &Settings, rollback: &Rollback) -> Result<Self> {
        let (plan, journal) = (rollback.plan.clone(), rollback.journal.clone());
        let secrets = secrets(call, settings)?;
        Ok(Self { call: call.clone(), plan, journal, secrets, told: Mutex::new(0), view: None })
    }

    /// What a course is watched by.
    pub(super) fn of_course(&self) -> impl Fn(&Event<'_>) + Send + Sync + '_ {
        |event| {
            match &self.view {
                Some(view) => view.event(event, &self.secrets),
                None => live::tell(&self.call, &self.secrets, event),
            }
            // A reader who is gone stops no rollback; a journal that cannot be read is the course's to tell.
            let _ = self.catch_up();
            if let Event::Waits(step, cause) = event {
                let _ = self.print(&Told::waiting(&step.id, cause, &self.plan.runbook));
            }
        }
    }

    /// What programs are watched by.
    pub(super) fn of_programs(this: &Arc<Self>) -> Watcher {
        let this = Arc::clone(this);
        Arc::new(move |doing| {
            if let Some(view) = &this.view {
                view.program(doing);
            }
            if let Doing::Starts(step, argv) = doing {
                let _ = this.catch_up();
                let _ = this.print(&Told::running(step, argv, &this.plan.runbook));
            }
        })
    }

    /// Tells what others write into the journal meanwhile, until it is dropped.
    pub(super) async fn attend(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            let _ = self.catch_up();
        }
    }

    /// Tells what has not been told.
    ///
    /// # Errors
    /// Where the journal cannot be read, or stdout cannot take it.
    pub(super) fn finish(&self) -> Result<()> {
        if let Some(view) = &self.view {
            view.end();
        }
        self.catch_up()
    }

    fn print(&self, told: &Told) -> Result<()> {
        self.call.printer.event(told, |line| self.secrets.hide(line))
    }

    fn catch_up(&self) -> Result<()> {
        if !self.call.printer.has_lines() {
            return Ok(());
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (lines, _) = self.journal.read()?;
        for line in lines.iter().skip(usize::try_from(*told).unwrap_or(usize::MAX)) {
            *told = line.seq;
            if let Some(event) = Told::of(line, &self.plan) {
                self.print(&event)?;
            }
        }
        Ok(())
    }
}
