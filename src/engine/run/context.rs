//! What every step needs: the servers, the run, what is looked at, where to report, and how much at a time.

use std::sync::Arc;

use super::limits::Limits;
use super::reporter::Reporter;
use super::selection::Selection;
use super::servers::Servers;
use crate::error::Result;
use crate::name::{Side, Sided};
use crate::staging::{AskedEvidence, json_digest};
use crate::store::Store;

/// What a step works with. Functions within a step take the part that they need.
#[derive(Clone)]
pub struct Context {
    servers: Servers,
    store: Arc<dyn Store>,
    selection: Selection,
    reporter: Reporter,
    limits: Limits,
}

impl Context {
    /// Puts the parts together.
    #[must_use]
    pub const fn new(
        servers: Servers,
        store: Arc<dyn Store>,
        selection: Selection,
        reporter: Reporter,
        limits: Limits,
    ) -> Self {
        Self { servers, store, selection, reporter, limits }
    }

    /// Reaches the servers in another way.
    #[must_use]
    pub fn with_servers(self, servers: Servers) -> Self {
        Self { servers, ..self }
    }

    /// Works on a run that is elsewhere.
    #[must_use]
    pub fn with_store(self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self }
    }

    /// Looks at something else.
    #[must_use]
    pub fn with_selection(self, selection: Selection) -> Self {
        Self { selection, ..self }
    }

    /// Reports to somebody else.
    #[must_use]
    pub fn with_reporter(self, reporter: Reporter) -> Self {
        Self { reporter, ..self }
    }

    /// Allows more or less at a time.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Returns this context for one step that writes to OLD: with a record of its own of what it does there.
    pub(crate) fn for_writing(&self) -> Self {
        self.clone().with_servers(self.servers.for_writing())
    }

    /// Returns how OLD and NEW are reached.
    #[must_use]
    pub const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Returns where the run's files are.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Returns where the run's files are, for whoever keeps it.
    #[must_use]
    pub fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Returns what is looked at, and how.
    #[must_use]
    pub const fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Returns where to report.
    #[must_use]
    pub const fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// Returns how much may be asked for at a time.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns the evidence that is asked for, beside the rows themselves.
    ///
    /// # Errors
    /// `Storage` where a mark or a baseline cannot be written as text.
    pub(crate) fn asked_evidence(&self) -> Result<AskedEvidence> {
        let selection = &self.selection;
        let baseline = selection.baseline().map(|armed| armed.baseline.as_ref());
        Ok(AskedEvidence {
            mark_blake3: selection.shared_mark().as_deref().map(json_digest).transpose()?,
            baseline_blake3: baseline.map(json_digest).transpose()?,
            xids: Sided::of(|side: Side| selection.xid(side).map(|xid| xid.to_string())),
            estimates: selection.estimates(),
            base: self.servers.base_address(),
        })
    }

    /// Says where the run is, for errors and reports.
    #[must_use]
    pub fn run(&self) -> String {
        self.store.location()
    }
}
