//! What NEW's log says of the keys that are staged, in a file beside each segment. The log is in no order that a walk would
//! follow: it is read once from the server, and what was kept of it once for every million keys.
//!
//! Where it contradicts what the snapshot shows of a table, nothing that it says of the table is believed.
//!
//! Memory: about 100 bytes for each of a million keys, and a batch.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::log_spool::{LogSpool, Reach, options};
use crate::codec::BatchEncoder;
use crate::delta::{KeyLog, Logged};
use crate::engine::evidence::Clock;
use crate::engine::rows::{Digest, KEYS_PER_STATEMENT, LazySegment, Target, key_digests, key_layout, key_positions, key_texts};
use crate::engine::run::{Context, Event};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::staging::layout::DatabaseLayout;
use crate::staging::{DatabaseRecord, LOG_FACT, LogUse, Segment, SegmentOptions, SegmentReader, TableRecord};

/// How many keys are looked up at a time.
const LOOKED_UP: usize = 1 << 20;

/// From here on the 32 bits of an id stand for more than one: a row may be called young that is not.
const ROUND: u64 = 1 << 32;

/// Stages what NEW's log says of everything that is staged of a database, for the tables of which it proves something. Where it
/// cannot be read, or not be believed, the record says why, and transaction ids go alone.
///
/// # Errors
/// Whatever connecting and staging can give; that the log cannot be read is none.
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
        Err(error) if is_of_the_log(&error) => {
            give_up(context, database, &error);
            return Ok(());
        }
        Err(error) => return Err(error),
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

/// Whether an error is about the log, and no reason to give up the export.
fn is_of_the_log(error: &Error) -> bool {
    let kinds = [ErrorKind::Server, ErrorKind::Permission, ErrorKind::ServerFull, ErrorKind::Malformed, ErrorKind::Refused];
    kinds.contains(&error.kind())
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

/// A staged segment whose keys are looked up.
struct Staged {
    /// The table's number in the record.
    table: u32,
    /// Whether its rows may have been written since the mark; `None`: NEW has no row under its keys.
    young: Option<bool>,
}

/// Keys that wait to be looked up, with the number of the segment that they stand in.
#[derive(Default)]
struct Waiting {
    keys: Vec<(usize, Vec<Digest>)>,
    count: usize,
}

/// What is looked up, and what came of it.
struct LookUp<'a> {
    context: &'a Context,
    spool: &'a LogSpool,
    /// Whether a row that is called young was written since, for certain.
    ids_are_exact: bool,
    staged: Vec<Staged>,
    /// The file of each segment that is not whole yet.
    files: BTreeMap<usize, LazySegment>,
    done: BTreeMap<usize, Segment>,
    broken: BTreeMap<u32, String>,
}

/// Looks up everything that is staged; returns the tables of which the log says what is not so.
fn look_up_all(
    context: &Context,
    database: &mut DatabaseRecord,
    spool: &LogSpool,
    ids_are_exact: bool,
) -> Result<BTreeMap<u32, String>> {
    let (staged, files, done, broken) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut work = LookUp { context, spool, ids_are_exact, staged, files, done, broken };
    let mut waiting = Waiting::default();
    let mut segments = Vec::new();
    for (number, table) in (0..).zip(&mut database.tables).filter(|(_, table)| table.has_log()) {
        let (keys, names, layout) = (key_layout(&table.key), table.key.names(), table.layout.clone());
        let candidates = table.candidates.iter_mut().map(|segment| (segment, false));
        for (segment, is_absent) in candidates.chain(table.absent.iter_mut().map(|segment| (segment, true))) {
            let layout = if is_absent { &keys } else { &layout };
            let (encoder, positions) = (BatchEncoder::new(layout), key_positions(layout, &names)?);
            let at = work.staged.len();
            let young = (!is_absent).then(|| segment.young != Some(false));
            work.staged.push(Staged { table: number, young });
            work.files.insert(at, file(context, segment));
            for batch in SegmentReader::open(context.store(), segment, KEYS_PER_STATEMENT)? {
                context.reporter().check_stop()?;
                let keys = key_digests(&key_texts(&encoder, &batch?, &positions)?);
                waiting.count += keys.len();
                waiting.keys.push((at, keys));
                if waiting.count >= LOOKED_UP {
                    work.look_up(&std::mem::take(&mut waiting))?;
                    work.close(at)?;
                }
            }
            segments.push(segment);
        }
    }
    work.look_up(&waiting)?;
    work.close(usize::MAX)?;
    for (at, segment) in segments.into_iter().enumerate() {
        segment.log = work.done.remove(&at).map(Box::new);
    }
    Ok(work.broken)
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(LOG_FACT, DataType::Utf8, false)]))
}

fn file(context: &Context, segment: &Segment) -> LazySegment {
    let path = segment.file.path.replace(".parquet", "-log.parquet");
    LazySegment::new(Target { store: context.shared_store(), path, options: SegmentOptions::default() }, schema())
}

impl LookUp<'_> {
    /// Reads the changes for the keys that wait, and writes what they say of each, in their order.
    fn look_up(&mut self, waiting: &Waiting) -> Result<()> {
        let mut wanted: HashMap<(u32, Digest), KeyLog> = HashMap::with_capacity(waiting.count);
        for (at, keys) in &waiting.keys {
            let table = self.staged[*at].table;
            wanted.extend(keys.iter().map(|key| ((table, *key), KeyLog::default())));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        self.follow(&mut wanted)?;
        for (at, keys) in &waiting.keys {
            let Staged { table, young } = self.staged[*at];
            let mut facts = Vec::with_capacity(keys.len());
            for log in keys.iter().filter_map(|key| wanted.get(&(table, *key))) {
                if let Some(why) = self.contradiction(*log, young) {
                    self.broken.entry(table).or_insert_with(|| why.to_owned());
                }
                facts.push(log.fact().word());
            }
            let malformed = |error| Error::new(ErrorKind::Malformed, "keep what the log says").because(error);
            let batch = RecordBatch::try_new(schema(), vec![Arc::new(StringArray::from(facts))]).map_err(malformed)?;
            if let Some(file) = self.files.get_mut(at) {
                file.write(&batch)?;
            }
        }
        Ok(())
    }

    /// Goes through the changes in their order.
    fn follow(&self, wanted: &mut HashMap<(u32, Digest), KeyLog>) -> Result<()> {
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

    /// Says how the log contradicts what the snapshot shows of a key, if it does. What replication brought is not in it, and
    /// may have done anything.
    fn contradiction(&self, log: KeyLog, young: Option<bool>) -> Option<&'static str> {
        if self.spool.has_origins {
            return None;
        }
        match (young, log.is_there()) {
            (Some(_), Some(false)) => Some("NEW has a row that the log deletes"),
            (None, Some(true)) => Some("NEW lacks a row that the log has"),
            (Some(false), Some(true)) if matches!(log.fact(), Logged::Created | Logged::Existed) => {
                Some("NEW's ids say of a row that nobody has written it since, and the log that somebody has")
            }
            (Some(true), None) if self.ids_are_exact => Some("the log lacks a row that NEW's ids say was written since"),
            _ => None,
        }
    }

    /// Closes the files of the segments before this one, all of whose keys were looked up.
    fn close(&mut self, before: usize) -> Result<()> {
        let rest = self.files.split_off(&before);
        for (at, file) in std::mem::replace(&mut self.files, rest) {
            self.done.extend(file.finish()?.map(|segment| (at, segment)));
        }
        Ok(())
    }
}
