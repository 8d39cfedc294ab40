//! What a live merge does about a batch that did not come: try again, part it, leave rows, or ask the ledger on a new
//! connection.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use super::live_batch::{Batch, Failure, Rows};
use super::live_database::LiveDatabase;
use super::prepare::Preparation;
use super::undo_of::UndoOf;
use crate::engine::run::ledger::hold;
use crate::engine::run::{Entry, Event, Ledger, LedgerAction};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::staging::layout::TableId;

/// So often a batch is tried that others are in the way of, before it is parted; a single unit is left then.
pub(super) const MOST_TRIES: u32 = 5;

/// So long a lost connection is tried to be made again.
const RECONNECTS_FOR: Duration = Duration::from_mins(1);

impl LiveDatabase<'_> {
    /// Decides what is done about a batch that did not come.
    ///
    /// # Errors
    /// What stands against all that is to come; `Interrupted` where the user asked to stop.
    pub(super) async fn recover(&mut self, batch: Batch, failure: Failure) -> Result<()> {
        match failure {
            Failure::Whole(error) => return Err(error),
            Failure::Busy(error) => {
                self.patience.again(self.context.reporter(), error).await?;
                self.again.push(batch);
            }
            Failure::Moved(table, rows) => self.leave_moved(batch, table, &rows),
            Failure::Rows(error) => self.part_or_leave(batch, &reason(&error)),
            Failure::Again(error) if batch.tries + 1 >= MOST_TRIES => {
                self.part_or_leave(batch, &format!("in the way of others {MOST_TRIES} times: {}", reason(&error)));
            }
            Failure::Again(_) => {
                self.context.reporter().pause(jittered(Duration::from_millis(40) * (1 << batch.tries))).await?;
                self.again.push(Batch { tries: batch.tries + 1, ..batch });
            }
            Failure::Lost(error) => {
                if batch.tries + 1 >= MOST_TRIES {
                    return Err(error);
                }
                if self.reconnect(error).await? == Some(LedgerAction::Merge) {
                    return Err(Error::new(ErrorKind::Refused, "go on with the batches")
                        .because("another process has ended this merge meanwhile"));
                }
                let has_come = batch.units.iter().flatten().all(|(table, row)| self.has(*table, *row));
                if !has_come {
                    self.again.push(Batch { tries: batch.tries + 1, ..batch });
                }
            }
        }
        Ok(())
    }

    fn part_or_leave(&mut self, batch: Batch, why: &str) {
        match batch.halves() {
            (first, Some(second)) => self.again.extend([second, first]),
            (only, None) => self.left.extend(only.units.into_iter().map(|unit| (unit, why.to_owned()))),
        }
    }

    /// Leaves the units of rows that were written since they were classified.
    fn leave_moved(&mut self, batch: Batch, table: TableId, rows: &[usize]) {
        let positions = batch.positions();
        let known = positions.get(&table).map_or(&[][..], Vec::as_slice);
        let moved: BTreeSet<_> = rows.iter().filter_map(|row| known.get(*row)).map(|row| (table, *row)).collect();
        let (gone, units): (Vec<_>, Vec<_>) =
            batch.units.into_iter().partition(|unit| unit.iter().any(|row| moved.contains(row)));
        for unit in gone {
            let (own, others): (Rows, Rows) = unit.into_iter().partition(|row| moved.contains(row));
            self.left.push((own, "written on OLD since it was compared".to_owned()));
            self.left.push((others, "hangs together with a row that was written on OLD since it was compared".to_owned()));
        }
        if !units.is_empty() {
            self.again.push(Batch { units, tries: 0 });
        }
    }

    /// Makes a new session in the place of one that was lost, and asks the ledger what has come. Returns what it has last.
    ///
    /// # Errors
    /// What kept it from being made for a whole minute; `Refused` where OLD no longer knows of a batch that it had answered
    /// for.
    pub(super) async fn reconnect(&mut self, lost: Error) -> Result<Option<LedgerAction>> {
        self.session = None;
        let why = lost.causes().into_iter().next().unwrap_or_default();
        self.context.reporter().tell(Event::Note(format!("OLD was lost: {why}; asking its ledger what has come")));
        let (since, mut wait) = (Instant::now(), Duration::from_millis(100));
        let (session, known) = loop {
            match self.connect_again().await {
                Ok(found) => break found,
                Err(error) if error.kind() == ErrorKind::Interrupted || since.elapsed() > RECONNECTS_FOR => return Err(error),
                Err(_) => self.context.reporter().pause(jittered(wait)).await?,
            }
            wait = (wait * 2).min(Duration::from_secs(5));
        };
        let before = std::mem::take(&mut self.landed);
        self.learn(known.as_ref());
        let is_there = |(table, rows): (&TableId, &BTreeSet<usize>)| rows.iter().all(|row| self.has(*table, *row));
        if !before.iter().all(is_there) {
            return Err(Error::new(ErrorKind::Refused, "go on with the batches")
                .because("OLD's ledger no longer has batches that OLD had answered for: it was set back, or is another server")
                .next("look at OLD first; `failback status` says what its ledger has"));
        }
        self.session = Some(session);
        Ok(known.map(|entry| entry.action))
    }

    async fn connect_again(&self) -> Result<(Session, Option<Entry>)> {
        let (of, action) = (UndoOf::default(), LedgerAction::MergeBatch);
        let (context, plan, part, manifest) = (self.context, self.plan, self.part, self.manifest);
        let preparation = Preparation { context, plan, part, manifest, options: self.options.0, action, of: &of };
        let old = context.servers().connect(Side::Old, &part.name).await?;
        hold(&old).await?;
        let last = Ledger::of(context).latest(&old, part).await?;
        preparation.expect_old(&old, preparation.record()?, last.as_ref()).await?;
        Ok((old, last))
    }
}

/// Says why rows are left, without what to do about it.
fn reason(error: &Error) -> String {
    error.causes().into_iter().next().unwrap_or_else(|| error.what().to_owned())
}

/// Between half of a time and all of it, so that two who wait for each other do not meet again.
fn jittered(time: Duration) -> Duration {
    let dice = RandomState::new().hash_one(0u8) % 1000;
    time / 2 + time / 2 * u32::try_from(dice).unwrap_or(0) / 1000
}
