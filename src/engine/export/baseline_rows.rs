//! What a baseline has for the keys that are staged, in a file beside each segment. A baseline is in no order that a walk would
//! follow: it is read once for every million keys.
//!
//! Memory: about 100 bytes for each of a million keys, and a batch.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{FixedSizeBinaryArray, RecordBatch};

use crate::codec::BatchEncoder;
use crate::engine::rows::{
    Digest, KEYS_PER_STATEMENT, LazySegment, Target, digest_column, digests_schema, key_digests, key_layout, key_positions,
    key_texts,
};
use crate::engine::run::{Context, Reporter};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::staging::{DatabaseRecord, Segment, SegmentOptions, SegmentReader, TableBaseline, TableRecord};
use crate::store::Store;

/// How many keys are looked up at a time.
const LOOKED_UP: usize = 1 << 20;

/// Stages what the baseline has for everything that is staged of a database, where there is one and it proves something.
pub(crate) fn stage(context: &Context, database: &mut DatabaseRecord) -> Result<()> {
    let Some(armed) = context.selection().baseline().filter(|_| database.base.is_none()) else { return Ok(()) };
    let Some(kept) = armed.baseline.database(&database.name) else { return Ok(()) };
    for table in database.tables.iter_mut().filter(|table| table.has_base()) {
        let Some(kept) = kept.table(&table.name) else { continue };
        let (kept_in, store) = (armed.store.as_ref(), context.shared_store());
        let rows = BaselineRows { reporter: context.reporter(), kept_in, kept, store };
        let name = table.name.clone();
        rows.stage(table).place(|| name)?;
    }
    Ok(())
}

/// Where a table's baseline is, and where what is found in it goes.
struct BaselineRows<'a> {
    reporter: &'a Reporter,
    /// The baseline's folder.
    kept_in: &'a dyn Store,
    kept: &'a TableBaseline,
    /// The run's.
    store: Arc<dyn Store>,
}

impl BaselineRows<'_> {
    /// Stages what the baseline has for everything that is staged of a table.
    fn stage(&self, table: &mut TableRecord) -> Result<()> {
        let (keys, names, layout) = (key_layout(&table.key), table.key.names(), table.layout.clone());
        let candidates = table.candidates.iter_mut().map(|segment| (segment, &layout, Sort::Candidate));
        let absent = table.absent.iter_mut().map(|segment| (segment, &keys, Sort::Absent));
        let mut segments: Vec<_> = candidates.chain(absent).collect();
        let mut files: Vec<_> = segments.iter().map(|(segment, _, sort)| (self.file(segment), *sort)).collect();
        let mut waiting = Waiting::default();
        for (at, (segment, layout, _)) in segments.iter().enumerate() {
            let (encoder, positions) = (BatchEncoder::new(layout), key_positions(layout, &names)?);
            for batch in SegmentReader::open(self.store.as_ref(), segment, KEYS_PER_STATEMENT)? {
                self.reporter.check_stop()?;
                waiting.add(at, key_digests(&key_texts(&encoder, &batch?, &positions)?));
                if waiting.count >= LOOKED_UP {
                    self.look_up(&std::mem::take(&mut waiting), &mut files)?;
                }
            }
        }
        self.look_up(&waiting, &mut files)?;
        for ((segment, ..), (file, _)) in segments.iter_mut().zip(files) {
            segment.base = file.finish()?.map(Box::new);
        }
        Ok(())
    }

    fn file(&self, segment: &Segment) -> LazySegment {
        let path = segment.file.path.replace(".parquet", "-base.parquet");
        let target = Target { store: Arc::clone(&self.store), path, options: SegmentOptions::default() };
        LazySegment::new(target, digests_schema())
    }

    /// Reads the baseline for the keys that wait, and writes what it has for each, in their order.
    fn look_up(&self, waiting: &Waiting, files: &mut [(LazySegment, Sort)]) -> Result<()> {
        let mut wanted: HashMap<(Sort, Digest), Option<Digest>> = HashMap::with_capacity(waiting.count);
        for (at, keys) in &waiting.keys {
            wanted.extend(keys.iter().map(|key| ((files[*at].1, *key), None)));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        for batch in self.kept.rows.iter().map(|rows| SegmentReader::open(self.kept_in, rows, KEYS_PER_STATEMENT)) {
            for batch in batch? {
                self.reporter.check_stop()?;
                let batch = batch?;
                let rows = digests(&batch, "fb_row")?;
                for (sort, name) in [(Sort::Candidate, "fb_key"), (Sort::Absent, "fb_absent_key")] {
                    for (key, row) in digests(&batch, name)?.iter().zip(rows) {
                        let key = key.and_then(|key| Digest::try_from(key).ok());
                        if let Some(slot) = key.and_then(|key| wanted.get_mut(&(sort, key))) {
                            *slot = row.and_then(|row| Digest::try_from(row).ok());
                        }
                    }
                }
            }
        }
        for (at, keys) in &waiting.keys {
            let (file, sort) = &mut files[*at];
            let found = keys.iter().map(|key| wanted.get(&(*sort, *key)).and_then(Option::as_ref));
            let malformed = |error| Error::new(ErrorKind::Malformed, "keep what the baseline has").because(error);
            file.write(&RecordBatch::try_new(digests_schema(), vec![digest_column(found)]).map_err(malformed)?)?;
        }
        Ok(())
    }
}

/// What a staged segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sort {
    Candidate,
    Absent,
}

/// Keys that wait to be looked up, with the number of the segment that they stand in.
#[derive(Default)]
struct Waiting {
    keys: Vec<(usize, Vec<Digest>)>,
    count: usize,
}

impl Waiting {
    fn add(&mut self, at: usize, keys: Vec<Digest>) {
        self.count += keys.len();
        self.keys.push((at, keys));
    }
}

fn digests<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a FixedSizeBinaryArray> {
    let column = batch.column_by_name(name).and_then(|column| column.as_fixed_size_binary_opt());
    column
        .ok_or_else(|| Error::new(ErrorKind::Damaged, "read the baseline").at(name.to_owned()).because("the column is missing"))
}
