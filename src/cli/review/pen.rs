//! What a review writes: decisions.toml, as `failback decide` writes it, and a line in the journal; nothing else.

use crate::cli::decide;
use crate::engine::{decisions_text, picks_text};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{Addition, Choices, Decisions, Resolution};
use crate::staging::layout;
use crate::store::{LocalStore, RunLock, Store as _};

/// The right to decide, and what has been decided with it.
pub(super) struct Pen {
    store: LocalStore,
    by: String,
    _lock: RunLock,
    done: Vec<Entry>,
    undone: Vec<Entry>,
}

/// What is decided after a step back or forth, and which decision that was; nothing where there was none.
pub(super) type Exchanged = Option<(Decisions, String)>;

/// One decision: the file before and after it.
struct Entry {
    before: String,
    after: String,
    said: String,
}

impl Pen {
    /// Takes the run's lock, as long as the review goes on.
    ///
    /// # Errors
    /// `Refused` where another process is at work on the run.
    pub(super) fn take(store: &LocalStore, by: String) -> Result<Self> {
        Ok(Self { store: store.clone(), by, _lock: store.lock()?, done: Vec::new(), undone: Vec::new() })
    }

    /// Signs a decision.
    pub(super) fn sign(&self, resolution: Resolution, why: Option<String>) -> Addition {
        Addition { resolution, choices: Choices::default(), fingerprint: None, why, by: self.by.clone(), at: decide::now() }
    }

    /// Writes a decision into the file as it is now, whoever wrote it last. `said` is for people; the journal holds no values.
    pub(super) fn write(
        &mut self,
        section: &str,
        said: String,
        journal: String,
        edit: impl FnOnce(&str) -> Result<String>,
    ) -> Result<Decisions> {
        let before = decisions_text(&self.store)?;
        let after = edit(&before)?;
        let decisions = self.put(&after, section, journal)?;
        self.done.push(Entry { before, after, said });
        self.undone.clear();
        Ok(decisions)
    }

    /// Takes the last decision back, and says which; nothing where there is none of this review's.
    ///
    /// # Errors
    /// `Refused` where the file was written by others since.
    pub(super) fn undo(&mut self) -> Result<Exchanged> {
        let Some(entry) = self.done.pop() else { return Ok(None) };
        let turned = self.exchange(&entry.after, &entry.before, "undone");
        Self::moved(turned, entry, "undone", (&mut self.done, &mut self.undone))
    }

    /// Decides again what was taken back last.
    ///
    /// # Errors
    /// As [`undo`](Self::undo).
    pub(super) fn redo(&mut self) -> Result<Exchanged> {
        let Some(entry) = self.undone.pop() else { return Ok(None) };
        let turned = self.exchange(&entry.before, &entry.after, "decided again");
        Self::moved(turned, entry, "decided again", (&mut self.undone, &mut self.done))
    }

    /// Puts a decision where it belongs now: back where it came from, unless the file has been exchanged.
    fn moved(
        turned: Result<Decisions>,
        entry: Entry,
        how: &str,
        (from, to): (&mut Vec<Entry>, &mut Vec<Entry>),
    ) -> Result<Exchanged> {
        let said = format!("{how}: {}", entry.said);
        if turned.is_ok() {
            to.push(entry);
        } else {
            from.push(entry);
        }
        turned.map(|decisions| Some((decisions, said)))
    }

    fn exchange(&self, from: &str, to: &str, journal: &str) -> Result<Decisions> {
        let now = decisions_text(&self.store)?;
        if now != from {
            return Err(Error::new(ErrorKind::Refused, "go back to earlier decisions")
                .because("decisions.toml was written by others since")
                .next("decide otherwise, or edit the file"));
        }
        self.put(to, layout::DECISIONS, journal.to_owned())
    }

    fn put(&self, text: &str, section: &str, journal: String) -> Result<Decisions> {
        let decisions = Decisions::parse(text, layout::DECISIONS)?.and_picks(&picks_text(&self.store)?, layout::PICKS)?;
        decide::write_down(&self.store, text, vec![(section.to_owned(), vec![journal])], None, &self.by)?;
        Ok(decisions)
    }
}
