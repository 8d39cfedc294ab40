//! Makes a logical slot of each database on NEW, before the mark.
//!
//! A slot has what commits behind its start. A transaction that was not over when the mark was made ends later than that, so
//! behind the start of a slot that was made before: whatever the mark calls written since, the slot has.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::{PLUGIN, Session, SlotFacts, sqlstate};
use crate::staging::{Mark, MarkedSlot, RunId};

/// SQLSTATE of a plugin that is not installed.
const NO_FILE: &str = "58P01";

/// A slot that was made.
#[derive(Clone, Debug, Serialize)]
pub struct MadeSlot {
    /// The database that it is of.
    pub database: String,
    /// The slot.
    #[serde(flatten)]
    pub slot: MarkedSlot,
    /// How many bytes of log it may hold back before the server lets it go; nothing where any amount.
    pub kept_bytes: Option<u64>,
}

/// Slots that were made and are not written down yet.
pub(super) struct MadeSlots<'a> {
    context: &'a Context,
    made: Vec<MadeSlot>,
}

impl<'a> MadeSlots<'a> {
    /// None.
    pub(super) const fn none(context: &'a Context) -> Self {
        Self { context, made: Vec::new() }
    }

    /// Makes one of each database, all or none.
    pub(super) async fn make(context: &'a Context, names: &[String], patience: Duration) -> Result<Self> {
        let mut slots = Self::none(context);
        match slots.make_all(names, patience).await {
            Ok(()) => Ok(slots),
            Err(error) => Err(slots.take_back(error).await),
        }
    }

    async fn make_all(&mut self, names: &[String], patience: Duration) -> Result<()> {
        let (began, id) = (Instant::now(), RunId::fresh());
        for (at, name) in names.iter().enumerate() {
            self.context.reporter().check_stop()?;
            let session = self.context.servers().connect(Side::New, name).await?;
            let facts = session.slot_facts().await?;
            expect_allowed(&session, &facts, names.len() - at)?;
            let oid = session.identity().await?.database_oid;
            let slot = format!("failback_{}_{oid}", id.as_str().to_lowercase().replace('-', "_"));
            let left = patience.saturating_sub(began.elapsed());
            let start = session.make_slot(&slot, left).await.map_err(|error| unmade(&session, error))?;
            let slot = MarkedSlot { name: slot, plugin: PLUGIN.to_owned(), start };
            let kept_bytes = facts.kept_mb.map(|megabytes| megabytes << 20);
            self.made.push(MadeSlot { database: name.clone(), slot, kept_bytes });
        }
        Ok(())
    }

    /// Writes the slots into the mark that was made after them.
    ///
    /// # Errors
    /// `Malformed` where the mark does not know a database of theirs.
    pub(super) fn note(&self, mark: &mut Mark) -> Result<()> {
        for made in &self.made {
            let databases = &mut mark.servers.new.databases;
            let Some(database) = databases.iter_mut().find(|database| database.name == made.database) else {
                return Err(Error::new(ErrorKind::Malformed, "note the slot").at(format!("database {}", made.database)));
            };
            database.slot = Some(made.slot.clone());
        }
        Ok(())
    }

    /// Returns them, once they are written down.
    pub(super) fn into_made(self) -> Vec<MadeSlot> {
        self.made
    }

    /// Drops what was made, as what it was made for has failed; returns that error, and what could not be dropped.
    pub(super) async fn take_back(self, error: Error) -> Error {
        let mut error = error;
        for MadeSlot { database, slot, .. } in &self.made {
            // What is made is taken back above all where the user wants to stop.
            let session = self.context.servers().connect_to_take_back(Side::New, database);
            if async { session.await?.drop_slot(&slot.name).await }.await.is_err() {
                error = error.next(format!(
                    "drop the slot {} on NEW, which could not be taken back and holds NEW's log: SELECT \
                     pg_drop_replication_slot('{}');",
                    slot.name, slot.name
                ));
            }
        }
        error
    }
}

/// Expects that a server can have so many slots more, and that this user may make them.
fn expect_allowed(session: &Session, facts: &SlotFacts, wanted: usize) -> Result<()> {
    let refused = |kind, cause: String| Err(Error::new(kind, "make a slot").at(session.place()).because(cause));
    if session.is_on_standby() {
        return refused(ErrorKind::Refused, "NEW is a standby".to_owned())
            .map_err(|error| error.next("let --new lead to the primary, or leave --slot out"));
    }
    if facts.wal_level != "logical" {
        return refused(ErrorKind::Refused, format!("wal_level is {}, and has to be logical", facts.wal_level)).map_err(
            |error| {
                error
                    .next("on NEW: ALTER SYSTEM SET wal_level = logical; then start the server anew (before the migration)")
                    .next("or leave --slot out: a mark and a baseline need no setting")
            },
        );
    }
    if !facts.may_replicate {
        return refused(ErrorKind::Permission, "this user may not make slots".to_owned()).map_err(|error| {
            error.next(format!("on NEW: ALTER ROLE {} REPLICATION; or arm with a user who may", session.endpoint().user()))
        });
    }
    let wanted = SlotFacts::wanted(wanted);
    if facts.free < wanted {
        let cause =
            format!("{} replication slots are free, and {wanted} are needed: one a database, and one to read", facts.free);
        return refused(ErrorKind::Refused, cause).map_err(|error| {
            error
                .next("on NEW: ALTER SYSTEM SET max_replication_slots to more; then start the server anew")
                .next("or name fewer databases with --databases")
        });
    }
    Ok(())
}

/// Says what can be done where the server would not make the slot.
fn unmade(session: &Session, error: Error) -> Error {
    match (error.kind(), sqlstate(&error)) {
        (ErrorKind::Timeout, _) => Error::new(ErrorKind::Timeout, "make a slot")
            .at(session.place())
            .because("a transaction was going on for all of the time; a slot begins where none is, in whichever database")
            .next("end it (pg_stat_activity, the oldest xact_start; pg_prepared_xacts), or wait longer with --wait"),
        (_, Some(NO_FILE)) => error.next(format!(
            "install PostgreSQL's contributed modules on NEW's machine: {PLUGIN} is one of them (no CREATE EXTENSION is needed)"
        )),
        _ => error,
    }
}
