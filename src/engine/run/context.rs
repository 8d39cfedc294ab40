//! What every step needs: the servers, the run, the settings, and where to report.

use std::sync::Arc;

use super::progress::{Event, Progress};
use super::stop::Stop;
use crate::config::{Config, Cutover};
use crate::error::Result;
use crate::name::Side;
use crate::pg::{Endpoint, OldWrites, Session, Snapshot, Transaction};
use crate::store::Store;

/// Heap and TOAST bytes that one chunk of work reads at most, by estimate: what a broken connection costs, and how large files
/// become.
pub const CHUNK_BYTES: u64 = 256 << 20;

/// What a step works with.
#[derive(Clone)]
pub struct Context {
    /// How to reach OLD.
    pub old: Endpoint,
    /// How to reach NEW.
    pub new: Endpoint,
    /// Where the run is.
    pub store: Arc<dyn Store>,
    /// The configuration, command line included.
    pub config: Arc<Config>,
    /// The cutover, if the command line or the configuration states it.
    pub cutover: Option<Cutover>,
    /// The databases asked for; none means all that both sides have.
    pub databases: Vec<String>,
    /// Which tables are wanted: patterns as `schema.name` with `*`; none means all.
    pub tables: Vec<String>,
    /// How many connections a server gets, at most.
    pub jobs: usize,
    /// How many bytes of a table, by estimate, one connection reads before it takes up another chunk: see [`CHUNK_BYTES`].
    pub chunk_bytes: u64,
    /// Who is told.
    pub progress: Arc<dyn Progress>,
    /// Whether the user wants to stop.
    pub stop: Stop,
    /// What the command has done to OLD so far.
    pub old_writes: OldWrites,
}

impl Context {
    /// Returns this context for one step that writes to OLD: with a record of its own of what it does there.
    pub(crate) fn for_writing(&self) -> Self {
        Self { old_writes: self.old_writes.step(), ..self.clone() }
    }

    /// Opens a session with one side's database.
    ///
    /// # Errors
    /// `Interrupted` where the user wants to stop; otherwise as [`Session::connect`].
    pub async fn connect(&self, side: Side, database: &str) -> Result<Session> {
        let endpoint = match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        };
        self.stop.check()?;
        let session = Session::connect(&endpoint.with_database(database)).await;
        // A connection that was given up because the user wants to stop is no failure of the server's.
        self.stop.check()?;
        session
    }

    /// Opens a session with one side's database, inside a transaction that sees exactly what the snapshot's holder sees.
    ///
    /// # Errors
    /// As [`connect`](Self::connect) and [`Snapshot::join`].
    pub async fn join(&self, side: Side, database: &str, snapshot: &Snapshot) -> Result<Transaction> {
        snapshot.join(self.connect(side, database).await?).await
    }

    /// Tells an event.
    pub fn tell(&self, event: Event) {
        self.progress.event(event);
    }

    /// Tells that rows of a table went by.
    pub fn tell_rows(&self, database: &str, table: &impl std::fmt::Display, rows: u64, bytes: u64) {
        self.tell(Event::Rows { database: database.to_owned(), table: table.to_string(), rows, bytes });
    }

    /// Whether a table is wanted.
    #[must_use]
    pub fn wants(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|pattern| matches_pattern(pattern, table))
    }

    /// Returns where the run's files are.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Whether a pattern of `--tables` means a table.
    #[must_use]
    pub fn matches(&self, pattern: &str, table: &str) -> bool {
        matches_pattern(pattern, table)
    }

    /// Says where the run is, for errors and reports.
    #[must_use]
    pub fn run(&self) -> String {
        self.store.location()
    }
}

/// Matches `*` (any text) and everything else literally.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| matches_pattern(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches_pattern("public.*", "public.orders"));
        assert!(matches_pattern("*.orders", "public.orders"));
        assert!(matches_pattern("*", "anything"));
        assert!(matches_pattern("p*.o*s", "public.orders"));
        assert!(!matches_pattern("public.order", "public.orders"));
        assert!(!matches_pattern("*.order", "public.orders"));
    }
}
