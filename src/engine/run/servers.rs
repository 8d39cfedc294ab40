//! OLD and NEW, and BASE where there is one: how they are reached, and what has been done to OLD.

use super::short_waits::ShortWaits;
use super::stop::Stop;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Side, Sided};
use crate::pg::{Endpoint, OldWrites, Session, Snapshot, Transaction};

/// The two servers, and a third that shows OLD as it was at the cutover.
#[derive(Clone)]
pub struct Servers {
    endpoints: Sided<Endpoint>,
    base: Option<Endpoint>,
    stop: Stop,
    old_writes: OldWrites,
    short_waits: Sided<Option<ShortWaits>>,
}

impl Servers {
    /// Takes the endpoints, the user's wish to stop, and the record that the command's transactions keep of OLD.
    #[must_use]
    pub const fn new(endpoints: Sided<Endpoint>, stop: Stop, old_writes: OldWrites) -> Self {
        Self { endpoints, base: None, stop, old_writes, short_waits: Sided { old: None, new: None } }
    }

    /// Asks a third server what there was at the cutover.
    #[must_use]
    pub fn with_base(self, base: Option<Endpoint>) -> Self {
        Self { base, ..self }
    }

    /// Reaches one side in another way.
    #[must_use]
    pub fn with_endpoint(mut self, side: Side, endpoint: Endpoint) -> Self {
        match side {
            Side::Old => self.endpoints.old = endpoint,
            Side::New => self.endpoints.new = endpoint,
        }
        self
    }

    /// Returns these servers for one step that writes to OLD: with a record of its own of what it does there.
    pub(crate) fn for_writing(&self) -> Self {
        Self { old_writes: self.old_writes.step(), ..self.clone() }
    }

    /// Returns these servers with sessions that wait shortly for a side's locks.
    pub(crate) fn with_short_waits(mut self, side: Side, waits: &ShortWaits) -> Self {
        match side {
            Side::Old => self.short_waits.old = Some(waits.clone()),
            Side::New => self.short_waits.new = Some(waits.clone()),
        }
        self
    }

    /// Whether sessions wait shortly for locks already.
    pub(crate) const fn waits_shortly(&self) -> bool {
        self.short_waits.old.is_some()
    }

    /// Returns how a side is reached.
    #[must_use]
    pub const fn endpoint(&self, side: Side) -> &Endpoint {
        self.endpoints.get(side)
    }

    /// Returns what the command has done to OLD so far.
    #[must_use]
    pub const fn old_writes(&self) -> &OldWrites {
        &self.old_writes
    }

    /// Opens a session with one side's database.
    ///
    /// # Errors
    /// `Interrupted` where the user wants to stop; `Refused` where OLD is a standby; otherwise as [`Session::connect`].
    pub async fn connect(&self, side: Side, database: &str) -> Result<Session> {
        let endpoint = self.endpoint(side).with_database(database);
        let session = self.stop.or(Box::pin(Session::connect(&endpoint))).await??;
        self.join_up(side, &session).await?;
        Ok(session)
    }

    /// Opens a session with one side's database although the user may want to stop: to take back what was made there.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), the wish to stop apart.
    pub(crate) async fn connect_to_take_back(&self, side: Side, database: &str) -> Result<Session> {
        let session = Box::pin(Session::connect(&self.endpoint(side).with_database(database))).await?;
        self.join_up(side, &session).await?;
        Ok(session)
    }

    /// Has a session wait as a side's do, and expects of it what is expected of these.
    async fn join_up(&self, side: Side, session: &Session) -> Result<()> {
        if side == Side::Old && session.is_on_standby() {
            return Err(standby(session));
        }
        if let Some(waits) = self.short_waits.get(side) {
            waits.join(session).await?;
        }
        Ok(())
    }

    /// Returns where BASE is, without its user; `None` where there is no BASE.
    pub(crate) fn base_address(&self) -> Option<String> {
        self.base.as_ref().map(Endpoint::address)
    }

    /// Opens a session with BASE's database of that name; `None` where there is no BASE.
    ///
    /// # Errors
    /// `Interrupted` where the user wants to stop; otherwise as [`Session::connect`].
    pub async fn connect_base(&self, database: &str) -> Result<Option<Session>> {
        let Some(base) = &self.base else { return Ok(None) };
        let endpoint = base.with_database(database);
        self.stop.or(Box::pin(Session::connect(&endpoint))).await?.map(Some)
    }

    /// Opens a session with BASE's database inside a transaction that sees exactly what the snapshot's holder sees.
    ///
    /// # Errors
    /// As [`connect_base`](Self::connect_base) and [`Snapshot::join`].
    pub async fn join_base(&self, database: &str, snapshot: Option<&Snapshot>) -> Result<Option<Transaction>> {
        let Some(snapshot) = snapshot else { return Ok(None) };
        match self.connect_base(database).await? {
            Some(session) => snapshot.join(session).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens a session with one side's database, inside a transaction that sees exactly what the snapshot's holder sees.
    ///
    /// # Errors
    /// As [`connect`](Self::connect) and [`Snapshot::join`].
    pub async fn join(&self, side: Side, database: &str, snapshot: &Snapshot) -> Result<Transaction> {
        snapshot.join(self.connect(side, database).await?).await
    }
}

/// The error for an OLD that takes no writes: no step does anything with it, as nothing could ever be merged into it, and what
/// it shows may be behind what its primary has.
fn standby(old: &Session) -> Error {
    Error::new(ErrorKind::Refused, "connect to OLD")
        .at(old.place())
        .because("OLD is a standby: it takes no writes")
        .next("let --old lead to the primary, or promote the standby first")
        .next("with several hosts, `target_session_attrs=read-write` finds the primary")
}
