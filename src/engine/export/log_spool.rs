//! NEW's log, read through a copy of the slot into one file: which keys were written, in the order of the commits.
//!
//! Nothing is taken from the slot itself. Transactions that the export's snapshot does not show are left out. Memory: one batch
//! of lines on the way in, as much of the file on the way out, and a number for each time that commits step over the cutover.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, RecordBatch, UInt8Array, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use jiff::Timestamp;

use crate::codec::{Lane, RowLayout, StagedColumn};
use crate::delta::{CutoverWindow, LoggedAt, LoggedOp, Stamp};
use crate::engine::evidence::{Clock, key_on_new};
use crate::engine::rows::{Batches, Digest, LazySegment, Target, digest_column, digest_type, key_digests};
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{QualifiedName, Side};
use crate::pg::{ClockReading, Seen, Session};
use crate::schema::TimeKind;
use crate::staging::{DatabaseRecord, Segment, SegmentOptions};
use crate::statement;
use crate::wire::{Decoded, DecodedRow, DecodedValue, NotDecoded, RowChange};

/// About how many changes one statement takes out of the copy.
const AT_ONCE: u32 = 200_000;

/// How many changes are written at a time.
const BATCH: usize = 8192;

/// A server writes its log to disk at the latest with the list of running transactions that it makes every 15 seconds.
const FLUSH: Duration = Duration::from_secs(40);

/// How long is waited between two looks at how far the log is on disk.
const PAUSE: Duration = Duration::from_millis(50);

/// What was read of the log.
pub(crate) struct LogSpool {
    /// The changes; nothing where there are none.
    pub(crate) changes: Option<Segment>,
    /// Up to which number of the changes, one after the other, commits were before the cutover, in doubt, or since.
    pub(crate) stretches: Vec<(u64, LoggedAt)>,
    /// Tables, by their number in the record, of which the log does not say all, and why.
    pub(crate) broken: BTreeMap<u32, String>,
    /// Whether replication brings rows to NEW: those are not in the log that was read.
    pub(crate) has_origins: bool,
}

/// How far the log is read.
pub(crate) struct Reach {
    /// What the snapshot shows.
    pub(crate) seen: Seen,
    /// Where the log was after it was taken.
    until: String,
}

impl Reach {
    /// Asks a session of NEW's, under the export's snapshot.
    ///
    /// # Errors
    /// What NEW said.
    pub(crate) async fn of(new: &Session) -> Result<Self> {
        Ok(Self { seen: new.seen().await?, until: new.transaction_ids().await?.wal })
    }
}

/// The columns of the file.
fn schema() -> SchemaRef {
    let column = |name: &str, of| Field::new(name, of, false);
    let columns = vec![column("fb_table", DataType::UInt32), column("fb_op", DataType::UInt8), column("fb_key", digest_type())];
    Arc::new(Schema::new(columns))
}

impl LogSpool {
    /// Reads the log of a database up to what a snapshot shows.
    ///
    /// # Errors
    /// What NEW said; `Malformed` where the log is not understood; `Timeout` where it does not come to disk.
    pub(crate) async fn read(
        context: &Context,
        (database, clock): (&DatabaseRecord, &Clock),
        slot: &str,
        Reach { seen, until }: Reach,
        target: Target,
    ) -> Result<Self> {
        let session = context.servers().connect(Side::New, &database.name).await?;
        let has_origins = flushed(context, &session, &until).await?;
        let copy = session.copy_slot(slot).await?;
        let mut reader = Reader::new(database, clock, seen, target);
        let layout = RowLayout { columns: vec![StagedColumn::plain("data", "text", Lane::Text)] };
        let statement = statement::copy_binary(&statement::slot_changes(&copy, &until, AT_ONCE));
        loop {
            let (mut lines, mut count) = (Batches::open(&session, &statement, &layout).await?, 0);
            while let Some(batch) = lines.next().await? {
                context.reporter().check_stop()?;
                count += batch.num_rows();
                for line in batch.column(0).as_string::<i32>().iter().flatten() {
                    reader.take(line)?;
                }
            }
            if count == 0 {
                break;
            }
        }
        session.close().await;
        reader.finish(has_origins)
    }

    /// Reads the changes that were written, in their order: table, operation, key.
    pub(crate) fn each(batch: &RecordBatch, mut take: impl FnMut(u32, LoggedOp, Digest)) -> Result<()> {
        let damaged = || Error::new(ErrorKind::Damaged, "read the changes of the log");
        let column = |name: &str| batch.column_by_name(name).ok_or_else(damaged);
        let tables = column("fb_table")?.as_primitive_opt::<arrow_array::types::UInt32Type>().ok_or_else(damaged)?;
        let ops = column("fb_op")?.as_primitive_opt::<arrow_array::types::UInt8Type>().ok_or_else(damaged)?;
        let keys = column("fb_key")?.as_fixed_size_binary_opt().ok_or_else(damaged)?;
        for row in 0..batch.num_rows() {
            let key = Digest::try_from(keys.value(row)).map_err(|_| damaged())?;
            take(tables.value(row), op_of(ops.value(row)).ok_or_else(damaged)?, key);
        }
        Ok(())
    }
}

/// Waits until the log is on disk up to a place; says whether replication brings rows to the server.
async fn flushed(context: &Context, session: &Session, until: &str) -> Result<bool> {
    let began = Instant::now();
    loop {
        let state = session.log_state(until).await?;
        if state.is_flushed {
            return Ok(state.has_origins);
        }
        if began.elapsed() > FLUSH {
            return Err(Error::new(ErrorKind::Timeout, "wait for the log")
                .because("NEW has not written it to disk up to where the export's snapshot is"));
        }
        context.reporter().check_stop()?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Less than this cannot matter: a cutover is known to the second at best.
const LEAST_SKEW_US: i64 = 1_000_000;

/// Widens what is in doubt by what a clock, by which commits are dated, is certainly ahead of ours or behind it.
fn widened(window: CutoverWindow, clock: ClockReading) -> CutoverWindow {
    let skew = clock.ahead_of_ours_us;
    if skew.saturating_abs() < LEAST_SKEW_US.max(clock.uncertainty_us) {
        return window;
    }
    let apart = skew.saturating_abs().saturating_add(clock.uncertainty_us);
    let later = if skew > 0 { apart } else { 0 };
    CutoverWindow { cutover_us: window.cutover_us.saturating_add(later), overlap_us: window.overlap_us.saturating_add(apart) }
}

const fn number_of(op: LoggedOp) -> u8 {
    match op {
        LoggedOp::Arrived => 0,
        LoggedOp::Stayed => 1,
        LoggedOp::Departed => 2,
    }
}

const fn op_of(number: u8) -> Option<LoggedOp> {
    match number {
        0 => Some(LoggedOp::Arrived),
        1 => Some(LoggedOp::Stayed),
        2 => Some(LoggedOp::Departed),
        _ => None,
    }
}

/// A table whose changes are looked for.
struct Table {
    number: u32,
    /// Its key, as NEW calls the columns.
    key: Vec<String>,
}

/// Lines on their way into the file.
struct Reader {
    window: CutoverWindow,
    seen: Seen,
    tables: Vec<Table>,
    /// Where rows are, by NEW's name, and which table they are of.
    leaves: BTreeMap<QualifiedName, usize>,
    file: LazySegment,
    waiting: Vec<(u32, LoggedOp, Digest)>,
    count: u64,
    /// Whether the transaction that is being read counts.
    counts: bool,
    stretches: Vec<(u64, LoggedAt)>,
    broken: BTreeMap<u32, String>,
}

impl Reader {
    fn new(database: &DatabaseRecord, clock: &Clock, seen: Seen, target: Target) -> Self {
        let (mut tables, mut leaves) = (Vec::new(), BTreeMap::new());
        for (number, table) in (0..).zip(&database.tables).filter(|(_, table)| table.has_log()) {
            leaves.extend(table.new.leaves.iter().map(|leaf| (leaf.name.clone(), tables.len())));
            let key = key_on_new(&table.key).iter().map(|name| name.as_str().to_owned()).collect();
            tables.push(Table { number, key });
        }
        let (file, waiting) = (LazySegment::new(target, schema()), Vec::with_capacity(BATCH));
        let (stretches, broken) = (Vec::new(), BTreeMap::new());
        let window = clock.window(TimeKind::Instant);
        let window = database.clocks.map_or(window, |clocks| widened(window, clocks.new));
        Self { window, seen, tables, leaves, file, waiting, count: 0, counts: false, stretches, broken }
    }

    fn take(&mut self, line: &str) -> Result<()> {
        match Decoded::read(line).map_err(not_understood)? {
            Decoded::Begin(xid) => self.counts = self.seen.sees(xid),
            Decoded::Commit(at) => self.commit(at)?,
            Decoded::Message => {}
            _ if !self.counts => {}
            Decoded::Truncate(names) => {
                let emptied: BTreeSet<_> = names.iter().filter_map(|name| self.leaves.get(name).copied()).collect();
                for table in emptied {
                    self.distrust(table, "it was emptied (TRUNCATE)");
                }
            }
            Decoded::Row(name, change) => {
                let Some(table) = self.leaves.get(&name).copied() else { return Ok(()) };
                for (op, key) in self.changes(table, &change)? {
                    match key {
                        Some(key) => self.add(table, op, key)?,
                        None => self.distrust(table, "the log lacks the key of a row that was changed"),
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends a transaction: all that came since the one before committed now.
    fn commit(&mut self, at: &str) -> Result<()> {
        let at_us = at.parse::<Timestamp>().map_err(|_| not_understood(NotDecoded))?.as_microsecond();
        let at = match self.window.read(at_us) {
            Stamp::Before => LoggedAt::Before,
            Stamp::InDoubt | Stamp::Silent => LoggedAt::InDoubt,
            Stamp::After => LoggedAt::Since,
        };
        self.counts = false;
        match self.stretches.last_mut() {
            Some((end, last)) if *last == at => *end = self.count,
            Some((end, _)) if *end == self.count => {}
            None if self.count == 0 => {}
            _ => self.stretches.push((self.count, at)),
        }
        Ok(())
    }

    /// Says which keys a change is about, in their order; no key where the log does not have it.
    fn changes<'l>(&self, table: usize, change: &RowChange<'l>) -> Result<Vec<(LoggedOp, Option<Digest>)>> {
        let names: Vec<_> = self.tables[table].key.iter().map(String::as_str).collect();
        let values = |row: &DecodedRow<'l>| row.values(&names).map_err(not_understood);
        Ok(match change {
            RowChange::Insert(row) => vec![(LoggedOp::Arrived, key_of(values(row)?, None))],
            RowChange::Delete(row) => vec![(LoggedOp::Departed, key_of(values(row)?, None))],
            RowChange::Update(None, row) => vec![(LoggedOp::Stayed, key_of(values(row)?, None))],
            RowChange::Update(Some(before), row) => {
                let before = values(before)?;
                let now = key_of(values(row)?, Some(&before));
                let before = key_of(before, None);
                if before == now {
                    vec![(LoggedOp::Stayed, now)]
                } else {
                    vec![(LoggedOp::Departed, before), (LoggedOp::Arrived, now)]
                }
            }
        })
    }

    fn add(&mut self, table: usize, op: LoggedOp, key: Digest) -> Result<()> {
        self.waiting.push((self.tables[table].number, op, key));
        self.count += 1;
        if self.waiting.len() >= BATCH { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(waiting.iter().map(|(table, ..)| *table).collect::<UInt32Array>()),
            Arc::new(waiting.iter().map(|(_, op, _)| number_of(*op)).collect::<UInt8Array>()),
            digest_column(waiting.iter().map(|(.., key)| Some(key))),
        ];
        let malformed = |error| Error::new(ErrorKind::Malformed, "keep what the log has").because(error);
        self.file.write(&RecordBatch::try_new(schema(), columns).map_err(malformed)?)
    }

    fn distrust(&mut self, table: usize, why: &str) {
        self.broken.entry(self.tables[table].number).or_insert_with(|| why.to_owned());
    }

    fn finish(mut self, has_origins: bool) -> Result<LogSpool> {
        self.write()?;
        let Self { file, stretches, broken, .. } = self;
        Ok(LogSpool { changes: file.finish()?, stretches, broken, has_origins })
    }
}

/// Makes a key of its columns' values; `None` where one is not printed. What stands elsewhere was not changed: it is as
/// `before`.
fn key_of(values: Vec<Option<DecodedValue<'_>>>, before: Option<&[Option<DecodedValue<'_>>]>) -> Option<Digest> {
    let mut texts = Vec::with_capacity(values.len());
    for (at, value) in values.into_iter().enumerate() {
        let value = match value? {
            DecodedValue::Elsewhere => before.and_then(|before| before.get(at).cloned().flatten())?,
            value => value,
        };
        let DecodedValue::Text(text) = value else { return None };
        texts.push(vec![text.into_owned()]);
    }
    key_digests(&texts).first().copied()
}

fn not_understood(error: NotDecoded) -> Error {
    Error::new(ErrorKind::Malformed, "read NEW's log").because(error)
}

/// The default of Parquet's settings, with less held in memory: three narrow columns.
pub(crate) fn options() -> SegmentOptions {
    SegmentOptions { row_group_bytes: 4 << 20, ..SegmentOptions::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(skew_us: i64, at_us: i64) -> Stamp {
        let clock = ClockReading { server_us: 0, ahead_of_ours_us: skew_us, uncertainty_us: 1_000 };
        widened(CutoverWindow { cutover_us: 100_000_000, overlap_us: 10_000_000 }, clock).read(at_us)
    }

    #[test]
    fn what_a_clock_that_goes_wrong_may_have_dated_wrong_is_in_doubt() {
        for skew in [0, 999_999, -999_999] {
            assert_eq!((read(skew, 100_000_000), read(skew, 89_999_999)), (Stamp::After, Stamp::Before), "{skew}");
        }
        let ahead = 5_000_000;
        assert_eq!(read(ahead, 100_000_000 + ahead), Stamp::InDoubt);
        assert_eq!(read(ahead, 100_001_000 + ahead), Stamp::After);
        assert_eq!(read(ahead, 89_999_999), Stamp::Before);
        assert_eq!(read(-ahead, 100_000_000), Stamp::After);
        assert_eq!(read(-ahead, 89_999_999 - ahead), Stamp::InDoubt);
        assert_eq!(read(-ahead, 89_998_999 - ahead), Stamp::Before);
    }
}
