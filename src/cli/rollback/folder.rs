//! Where rollbacks live: `rollback/<environment>/<id>` below the folder of runs, one under way an environment.

use std::path::PathBuf;

use jiff::Timestamp;

use super::super::run;
use super::super::settings::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::phases::account::Account;
use crate::phases::journal::{JournalFile, Record};
use crate::phases::plan::{PLAN, Plan};
use crate::phases::rest;
use crate::phases::state::Purpose;
use crate::staging::RunId;
use crate::store::{LocalStore, RunLock, Store as _, host_files};

/// A rollback's files, and what they say.
pub(super) struct Rollback {
    pub(super) store: LocalStore,
    pub(super) plan: Plan,
    pub(super) journal: JournalFile,
}

impl Rollback {
    fn open(store: LocalStore) -> Result<Self> {
        Ok(Self { plan: Plan::read(&store)?, journal: JournalFile::new(store.clone()), store })
    }

    /// What the rollback has come to.
    pub(super) fn account(&self) -> Result<Account> {
        let account = Account::of(&self.journal.read()?.0);
        let digest = self.plan.digest()?;
        if account.declared.as_ref().is_some_and(|declared| declared.plan != digest) {
            return Err(Error::new(ErrorKind::Damaged, "read the rollback")
                .at(self.store.location())
                .because("its plan is not the one that the journal began with"));
        }
        Ok(account)
    }
}

/// The environment's name, which every rollback has.
///
/// # Errors
/// `Usage` where none was given, or one that can be no folder's name.
pub(super) fn environment(settings: &Settings) -> Result<&str> {
    let wrong = |cause: &str| Error::new(ErrorKind::Usage, "choose the environment").because(cause.to_owned());
    let name = settings.environment().ok_or_else(|| wrong("a rollback is of one environment").next("give --env NAME"))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.chars().all(is_plain) { Ok(name) } else { Err(wrong("its name is made of letters, digits, `-` and `_`")) }
}

/// The folder of runs, from the root on: programs are told of files in it that change to folders of their own.
fn runs(settings: &Settings) -> Result<PathBuf> {
    let runs = settings.config.runs();
    std::path::absolute(runs).map_err(|cause| Error::new(ErrorKind::Storage, "find the folder of runs").at(runs).because(cause))
}

fn folder(settings: &Settings) -> Result<PathBuf> {
    Ok(runs(settings)?.join("rollback").join(environment(settings)?))
}

/// Takes the right to carry out steps in an environment.
///
/// # Errors
/// `Refused` where another process has it.
pub(super) fn lock(settings: &Settings) -> Result<RunLock> {
    run::folder(&folder(settings)?)?.lock()
}

/// Lists the environment's rollbacks, the oldest first.
pub(super) fn all(settings: &Settings) -> Result<Vec<Rollback>> {
    let mut stores = LocalStore::list(&folder(settings)?)?;
    // A folder without a plan never began.
    stores.retain(|store| store.exists(PLAN).unwrap_or(true));
    let mut found = Vec::new();
    for store in stores {
        let rollback = Rollback::open(store)?;
        // Nor did one that nobody declared.
        if let Some(declared) = rollback.account()?.declared {
            found.push((declared.at, rollback));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, rollback)| rollback).collect())
}

/// When a rollback of the environment other than this one moved traffic last, if any did.
pub(super) fn moved_before(settings: &Settings, this: &Rollback) -> Result<Option<Timestamp>> {
    let mut last = None;
    for other in all(settings)? {
        if other.store.folder() != this.store.folder() {
            last = last.max(rest::last_move(&other.plan.runbook, &other.account()?));
        }
    }
    Ok(last)
}

/// Opens the environment's newest rollback.
///
/// # Errors
/// `Usage` where there is none.
pub(super) fn newest(settings: &Settings) -> Result<Rollback> {
    all(settings)?.pop().ok_or_else(|| {
        let place = folder(settings).unwrap_or_default();
        Error::new(ErrorKind::Usage, "find the rollback")
            .at(place.display())
            .because("none has begun in this environment")
            .next("begin one: `failback rollback --help` lists the phases")
    })
}

/// Makes the folder of a drill or a validation, apart from those of rollbacks, and begins its journal.
///
/// # Errors
/// `Storage` where it cannot be written.
pub(super) fn apart(settings: &Settings, purpose: Purpose, plan: Plan) -> Result<Rollback> {
    let room = match purpose {
        Purpose::Drill => "drills",
        Purpose::Validation => "validations",
    };
    let path = runs(settings)?.join(room).join(environment(settings)?).join(RunId::fresh().as_str());
    let store = LocalStore::create(&path)?;
    plan.write(&store)?;
    let journal = JournalFile::new(store.clone());
    journal.append(&Record::Looking {
        purpose,
        environment: plan.environment.clone(),
        runbook: plan.runbook.name.clone(),
        plan: plan.digest()?,
        by: host_files::acting_user(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    })?;
    Ok(Rollback { store, plan, journal })
}

/// Makes a new rollback's folder. Nothing is begun before the plan stands in it.
///
/// # Errors
/// `Refused` where one is under way.
pub(super) fn make(settings: &Settings, plan: Plan) -> Result<Rollback> {
    for other in all(settings)? {
        if other.account()?.end.is_none() {
            return Err(Error::new(ErrorKind::Refused, "begin a rollback")
                .at(other.store.location())
                .because(format!("a rollback ({}) is under way in this environment", other.plan.runbook.name))
                .next("go on with it: `failback rollback resume`; or end it: `failback rollback abort`"));
        }
    }
    let path = folder(settings)?.join(RunId::fresh().as_str());
    let store = LocalStore::create(&path)?;
    plan.write(&store)?;
    Rollback::open(store).map(|rollback| Rollback { plan, ..rollback })
}
