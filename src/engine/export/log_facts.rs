//! What NEW's log says of the keys that are staged, in a file beside each segment. The log is in no order that a walk would
//! follow: it is read once from the server, and what was kept of it once for every million keys.
//!
//! Where it contradicts what the snapshot shows of a table, nothing that it says of the table is believed.
//!
//! Memory: see [`staged_keys`].

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::log_spool::{LogSpool, Reach, options};
use super::staged_keys::{self, KeySet, LookUp, Wanted};
use crate::delta::{KeyLog, Logged};
use crate::engine::evidence::Clock;
use crate::engine::rows::{KEYS_PER_STATEMENT, Target};
use crate::engine::run::{Context, Event};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::staging::layout::DatabaseLayout;
use crate::staging::{DatabaseRecord, LOG_FACT, LogUse, Segment, SegmentReader, TableRecord};

/// From here on the 32 bits of an id stand for more than one: a row may be called young that is not.
const ROUND: u64 = 1 << 32;

/// Stages what NEW's log says of everything that is staged of a database, for the tables of which it proves something. Where it
/// cannot be read, or not be believed, the record says why, and transaction ids go alone.
///
/// # Errors
/// Whatever staging can give; that the log cannot be read is none.
pub(crate) async fn stage(context: &Context, clock: &Clock, database: &mut DatabaseRecord, reach: Reach) -> Result<()> {
    let Some(slot) = database.log.as_ref().filter(|log| log.unused.is_none()).map(|log| log.slot.clone()) else {
        return Ok(());
    };
    if !database.tables.iter().any(TableRecord::has_log) {
        return Ok(());
    }
    let ids_are_exact = reach.seen.next() < ROUND;
    let path = DatabaseLayout::new(&database.name).log();
    let target = Target { store: context.shared_store(), path: path.clone(), options: options() };
    let spool = match LogSpool::read(context, (database, clock), &slot, reach, target).await.place(|| Side::New) {
        Ok(spool) => spool,
        Err(error) if ends_export(error.kind()) => return Err(error),
        Err(error) => {
            give_up(context, database, &error);
            return Ok(());
        }
    };
    let broken = look_up_all(context, database, &spool, ids_are_exact)?;
    for (number, why) in spool.broken.iter().chain(&broken) {
        distrust(context, database, *number, why)?;
    }
    if spool.changes.is_some() {
        context.store().remove_file(&path)?;
    }
    Ok(())
}

/// Whether an error ends the export, and not the look at the log alone: the run's own files failed, or somebody wants to stop.
/// What NEW may say, that it cannot be reached among it, leaves what its rows' ids prove.
const fn ends_export(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Storage | ErrorKind::StorageFull | ErrorKind::Damaged | ErrorKind::Interrupted)
}

fn give_up(context: &Context, database: &mut DatabaseRecord, error: &Error) {
    let why = format!("it could not be read: {error}");
    let said = format!("! {}: the slot on NEW is not used: {why}: transaction ids go alone", database.name);
    context.reporter().tell(Event::Note(said));
    for table in database.tables.iter_mut().filter(|table| table.has_log()) {
        table.log = None;
    }
    if let Some(log) = &mut database.log {
        log.unused = Some(why);
    }
}

/// Forgets what the log says of a table.
fn distrust(context: &Context, database: &mut DatabaseRecord, number: u32, why: &str) -> Result<()> {
    let Some(table) = usize::try_from(number).ok().and_then(|at| database.tables.get_mut(at)) else { return Ok(()) };
    if !table.has_log() {
        return Ok(());
    }
    for segment in table.candidates.iter_mut().chain(&mut table.absent) {
        if let Some(facts) = segment.log.take() {
            context.store().remove_file(&facts.file.path)?;
        }
    }
    table.log = Some(LogUse::No { why: why.to_owned() });
    let said = format!("{}: {}: NEW's log proves nothing, as {why}: transaction ids go alone", database.name, table.name);
    context.reporter().tell(Event::Note(said));
    Ok(())
}

/// What is looked up, and what came of it.
struct LogLookUp<'a> {
    context: &'a Context,
    spool: &'a LogSpool,
    /// Whether a row that is called young was written since, for certain.
    ids_are_exact: bool,
    broken: BTreeMap<u32, String>,
}

/// Looks up everything that is staged; returns the tables of which the log says what is not so.
fn look_up_all(
    context: &Context,
    database: &mut DatabaseRecord,
    spool: &LogSpool,
    ids_are_exact: bool,
) -> Result<BTreeMap<u32, String>> {
    let mut look_up = LogLookUp { context, spool, ids_are_exact, broken: BTreeMap::new() };
    let tables = (0..).zip(&mut database.tables).filter(|(_, table)| table.has_log());
    staged_keys::look_up(context, tables, &mut look_up)?;
    Ok(look_up.broken)
}

impl LookUp for LogLookUp<'_> {
    type Fact = KeyLog;
    const SUFFIX: &'static str = "-log.parquet";

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new(LOG_FACT, DataType::Utf8, false)]))
    }

    fn place(segment: &mut Segment) -> &mut Option<Box<Segment>> {
        &mut segment.log
    }

    /// The log spells a table's keys in one way.
    fn scope(of: KeySet) -> u32 {
        of.table
    }

    /// Goes through the changes in their order.
    fn find(&self, wanted: &mut Wanted<KeyLog>) -> Result<()> {
        let Some(changes) = &self.spool.changes else { return Ok(()) };
        let (mut number, mut stretches) = (0, self.spool.stretches.iter().copied());
        let mut stretch = stretches.next();
        for batch in SegmentReader::open(self.context.store(), changes, KEYS_PER_STATEMENT)? {
            self.context.reporter().check_stop()?;
            LogSpool::each(&batch?, |table, op, key| {
                while stretch.is_some_and(|(end, _)| end <= number) {
                    stretch = stretches.next();
                }
                number += 1;
                if let (Some(log), Some((_, at))) = (wanted.get_mut(&(table, key)), stretch) {
                    log.add(op, at);
                }
            })?;
        }
        Ok(())
    }

    fn column(&mut self, of: KeySet, facts: &[&KeyLog]) -> ArrayRef {
        if let Some(why) = facts.iter().find_map(|log| self.contradiction(**log, of)) {
            self.broken.entry(of.table).or_insert_with(|| why.to_owned());
        }
        // Where replication has brought the row since, or taken it away, what the log says is not about what there is.
        let fact = |log: &&KeyLog| if log.is_there() == Some(of.is_absent) { Logged::Unknown } else { log.fact() };
        Arc::new(facts.iter().map(|log| Some(fact(log).word())).collect::<StringArray>())
    }
}

impl LogLookUp<'_> {
    /// Says how the log contradicts what the snapshot shows of a key, if it does. What replication brought is not in it, and
    /// may have done anything.
    fn contradiction(&self, log: KeyLog, of: KeySet) -> Option<&'static str> {
        if self.spool.has_origins {
            return None;
        }
        match ((!of.is_absent).then_some(of.is_young), log.is_there()) {
            (Some(_), Some(false)) => Some("NEW has a row that the log deletes"),
            (None, Some(true)) => Some("NEW lacks a row that the log has"),
            (Some(false), Some(true)) if matches!(log.fact(), Logged::Created | Logged::Existed | Logged::Replaced) => {
                Some("NEW's ids say of a row that nobody has written it since, and the log that somebody has")
            }
            (Some(true), None) if self.ids_are_exact => Some("the log lacks a row that NEW's ids say was written since"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_new_says_of_its_log_ends_the_export() {
        let ending: Vec<_> = ErrorKind::ALL.iter().filter(|kind| ends_export(**kind)).map(|kind| kind.word()).collect();
        assert_eq!(ending, ["damaged", "storage_full", "storage", "interrupted"]);
    }
}
