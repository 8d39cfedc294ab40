//! The keys of what is staged, a million at a time, and a file beside each segment with what was found for them, in their
//! order.
//!
//! Memory: about 100 bytes for each of a million keys, and a batch. One file is read and one is written at a time, however many
//! segments there are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use crate::codec::{BatchEncoder, EXACT_COLUMN, RowLayout, StagedColumn};
use crate::engine::rows::{Digest, KEYS_PER_STATEMENT, LazySegment, Target, key_digests, key_layout, key_positions, key_texts};
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Ident;
use crate::staging::{Segment, SegmentOptions, SegmentReader, TableRecord};
use crate::store::Store;

/// How many keys are looked up at a time.
const LOOKED_UP: usize = 1 << 20;

/// Whose keys those of a segment are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeySet {
    /// Its table's number in the record.
    pub(crate) table: u32,
    /// Whether it holds keys that NEW lacks, and no rows.
    pub(crate) is_absent: bool,
    /// Whether its rows may have been written since the mark; what was not asked may have been.
    pub(crate) is_young: bool,
}

/// Keys that are looked up, with what is found for each. Those of segments of one scope are told apart by their digests.
pub(crate) type Wanted<F> = HashMap<(u32, Digest), F>;

/// What is looked up for keys, and kept beside each segment.
pub(crate) trait LookUp {
    /// What is found for a key; the default where nothing is.
    type Fact: Default;
    /// What its file's name has behind the segment's.
    const SUFFIX: &'static str;

    /// The file's one column.
    fn schema() -> SchemaRef;

    /// Where a segment keeps it.
    fn place(segment: &mut Segment) -> &mut Option<Box<Segment>>;

    /// Returns the scope of a segment's keys.
    fn scope(of: KeySet) -> u32;

    /// Finds what there is for keys.
    fn find(&self, wanted: &mut Wanted<Self::Fact>) -> Result<()>;

    /// Makes the column of what was found for keys of one segment, in their order.
    fn column(&mut self, of: KeySet, facts: &[&Self::Fact]) -> ArrayRef;
}

/// Looks up the keys of everything that is staged of some tables, which have numbers, and keeps what is found beside each
/// segment.
pub(crate) fn look_up<'t, L: LookUp>(
    context: &Context,
    tables: impl Iterator<Item = (u32, &'t mut TableRecord)>,
    look_up: &mut L,
) -> Result<()> {
    let mut segments = Vec::new();
    let (store, staged, waiting, done) = (context.shared_store(), Vec::new(), Waiting::default(), BTreeMap::new());
    let mut work = Work { store, look_up, staged, waiting, open: None, done };
    for (number, table) in tables {
        let (keys, names, layout) = (key_layout(&table.key), table.key.names(), &table.layout);
        let candidates = table.candidates.iter_mut().map(|segment| (segment, false));
        for (segment, is_absent) in candidates.chain(table.absent.iter_mut().map(|segment| (segment, true))) {
            let (at, is_young) = (work.staged.len(), segment.young != Some(false));
            let path = segment.file.path.replace(".parquet", L::SUFFIX);
            work.staged.push((KeySet { table: number, is_absent, is_young }, path));
            let layout = if is_absent { &keys } else { layout };
            for keys in KeyReader::open(context.store(), segment, layout, &names).place(|| &table.name)? {
                context.reporter().check_stop()?;
                work.add(at, keys.place(|| &table.name)?)?;
            }
            segments.push(segment);
        }
    }
    work.answer()?;
    work.close()?;
    for (at, segment) in segments.into_iter().enumerate() {
        *L::place(segment) = work.done.remove(&at).map(Box::new);
    }
    Ok(())
}

/// Keys that wait to be looked up, with the number of the segment that they stand in.
#[derive(Default)]
struct Waiting {
    keys: Vec<(usize, Vec<Digest>)>,
    count: usize,
}

/// Keys on their way to what is found for them.
struct Work<'a, L> {
    store: Arc<dyn Store>,
    look_up: &'a mut L,
    /// The segments so far, and what the file beside each is called.
    staged: Vec<(KeySet, String)>,
    waiting: Waiting,
    /// The file beside one segment, that is not whole yet.
    open: Option<(usize, LazySegment)>,
    done: BTreeMap<usize, Segment>,
}

impl<L: LookUp> Work<'_, L> {
    fn add(&mut self, at: usize, keys: Vec<Digest>) -> Result<()> {
        self.waiting.count += keys.len();
        self.waiting.keys.push((at, keys));
        if self.waiting.count >= LOOKED_UP { self.answer() } else { Ok(()) }
    }

    /// Finds what there is for the keys that wait, and writes it in their order.
    fn answer(&mut self) -> Result<()> {
        let Waiting { keys: waiting, count } = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let mut wanted = Wanted::with_capacity(count);
        for (at, keys) in &waiting {
            let scope = L::scope(self.staged[*at].0);
            wanted.extend(keys.iter().map(|key| ((scope, *key), L::Fact::default())));
        }
        self.look_up.find(&mut wanted)?;
        for (at, keys) in waiting {
            let of = self.staged[at].0;
            let facts: Vec<_> = keys.iter().filter_map(|key| wanted.get(&(L::scope(of), *key))).collect();
            let malformed = |error| Error::new(ErrorKind::Malformed, "keep what was found for keys").because(error);
            let batch = RecordBatch::try_new(L::schema(), vec![self.look_up.column(of, &facts)]).map_err(malformed)?;
            self.file(at)?.write(&batch)?;
        }
        Ok(())
    }

    /// Returns the file beside a segment; that of the one before it is whole then.
    fn file(&mut self, at: usize) -> Result<&mut LazySegment> {
        if self.open.as_ref().is_some_and(|(open, _)| *open != at) {
            self.close()?;
        }
        let (store, path) = (&self.store, &self.staged[at].1);
        let target = || Target { store: Arc::clone(store), path: path.clone(), options: SegmentOptions::default() };
        Ok(&mut self.open.get_or_insert_with(|| (at, LazySegment::new(target(), L::schema()))).1)
    }

    fn close(&mut self) -> Result<()> {
        if let Some((at, file)) = self.open.take() {
            self.done.extend(file.finish()?.map(|segment| (at, segment)));
        }
        Ok(())
    }
}

/// Reads the keys of a staged file, and no more of its rows.
struct KeyReader {
    batches: SegmentReader,
    encoder: BatchEncoder,
    positions: Vec<usize>,
}

impl KeyReader {
    /// Opens a file whose rows have a layout; the key has these columns.
    fn open(store: &dyn Store, segment: &Segment, layout: &RowLayout, key: &[Ident]) -> Result<Self> {
        // A table's own column may have the companion's name, and is read with it.
        let is_read = |column: &&StagedColumn| key.contains(&column.name) || column.name.as_str() == EXACT_COLUMN;
        let columns = RowLayout { columns: layout.columns.iter().filter(is_read).cloned().collect() };
        let names: Vec<_> = columns.columns.iter().map(|column| column.name.as_str()).chain([EXACT_COLUMN]).collect();
        let batches = SegmentReader::open_projected(store, segment, KEYS_PER_STATEMENT, &names)?;
        Ok(Self { batches, encoder: BatchEncoder::new(&columns), positions: key_positions(&columns, key)? })
    }
}

impl Iterator for KeyReader {
    type Item = Result<Vec<Digest>>;

    fn next(&mut self) -> Option<Self::Item> {
        let digests = |batch: RecordBatch| Ok(key_digests(&key_texts(&self.encoder, &batch, &self.positions)?));
        self.batches.next().map(|batch| batch.and_then(digests))
    }
}
