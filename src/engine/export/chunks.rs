//! The chunks of an export: which rows of which leaf one worker copies in one statement, and which keys it walks through.

use crate::engine::evidence::Clock;
use crate::engine::run::Context;
use crate::error::Result;
use crate::name::{Side, Sided};
use crate::pg::Session;
use crate::schema::{CompareBy, Leaf, Method};
use crate::staging::layout::TableId;
use crate::staging::{Chunk, DatabaseRecord, Depth, NewOnlyTable, TableRecord, Task};
use crate::statement::{self, CtidRange, KeyCut, KeyRange, stamped_since};

/// The first major version whose scans can start at a ctid (PostgreSQL 14 release notes, "TID range scans").
const TID_RANGE_SCANS: u32 = 140_000;

/// The first major version that hashes records (PostgreSQL 14 release notes).
const RECORD_HASHES: u32 = 140_000;

const HASH_PROBE: &str = include_str!("../../../sql/session/hash_probe.sql");
const KEY_HISTOGRAM: &str = include_str!("../../../sql/session/key_histogram.sql");

/// Plans the chunks of a database.
pub(crate) async fn chunks(
    database: &DatabaseRecord,
    clock: &Clock,
    context: &Context,
    old: &Session,
    new: &Session,
) -> Result<Vec<Chunk>> {
    let alike = hash_alike(database, old, new).await?;
    let cutter = Cutter {
        database: &database.name,
        clock,
        new,
        version: database.new.version_num,
        chunk_bytes: chunk_bytes(database, context),
        sums_first: context.config.sums_first(),
    };
    let mut found = Vec::new();
    for record in &database.tables {
        let depth = if alike && record.compare_by != CompareBy::Rows { Depth::Hashes } else { Depth::Rows };
        found.extend(match record.method {
            Method::Skip => Vec::new(),
            Method::Compare => cutter.compared(record, depth).await?,
            Method::Timestamps => {
                let keys = cutter.compared(record, Depth::Keys).await?;
                cutter.stamped(record, keys).await?
            }
            Method::TimestampsOnly => cutter.stamped(record, Vec::new()).await?,
        });
    }
    for table in database.new_only.iter().filter(|table| !table.row_security) {
        found.extend(cutter.new_only(table));
    }
    Ok(found)
}

/// Whether both servers give one row the same hash. Their versions, processors and encodings decide it, so they are asked.
async fn hash_alike(database: &DatabaseRecord, old: &Session, new: &Session) -> Result<bool> {
    let wanted = database.tables.iter().any(|table| table.method == Method::Compare && table.compare_by != CompareBy::Rows);
    // Text is hashed in the encoding of its database.
    let unicode = [&database.old, &database.new].iter().all(|side| side.encoding == "UTF8");
    if !wanted || !unicode || database.old.version_num < RECORD_HASHES || database.new.version_num < RECORD_HASHES {
        return Ok(false);
    }
    let probed = Sided { old: old.query(HASH_PROBE, &[]).await?, new: new.query(HASH_PROBE, &[]).await? };
    let hash = probed.map(|rows| rows.first().map(|row| row.get::<_, i64>(0)));
    Ok(hash.old.is_some() && hash.old == hash.new)
}

/// Cuts tables into chunks.
struct Cutter<'a> {
    database: &'a str,
    clock: &'a Clock,
    new: &'a Session,
    /// NEW's version.
    version: u32,
    /// How much a chunk reads, by estimate.
    chunk_bytes: u64,
    /// Whether sums over ranges of keys are asked for first: then ranges are as small as the statistics allow, so that few rows
    /// are sent for each that differs.
    sums_first: bool,
}

/// How many chunks each worker gets, if they are no smaller than [`LEAST_BYTES`]: the last to end then works alone for a small
/// part of the time only.
const CHUNKS_EACH: u64 = 4;

/// A chunk smaller than this costs more in statements and files than it evens out.
const LEAST_BYTES: u64 = 16 << 20;

/// The least that one sum is made of.
const SUMMED_BYTES: u64 = 1 << 20;

/// Returns how much of a database one chunk reads, so that there are enough of them for every worker and not too many files.
fn chunk_bytes(database: &DatabaseRecord, context: &Context) -> u64 {
    let carried = database.tables.iter().map(|table| table.new.size_bytes.max(table.old.size_bytes));
    let new_only = database.new_only.iter().flat_map(|table| &table.leaves).map(|leaf| leaf.size_bytes);
    let merge = carried.chain(new_only).sum::<u64>() / (context.jobs.max(1) as u64 * CHUNKS_EACH);
    merge.max(LEAST_BYTES).min(context.chunk_bytes.max(1))
}

impl Cutter<'_> {
    /// Rows that their stamps select, behind other chunks of the same table.
    async fn stamped(&self, record: &TableRecord, mut found: Vec<Chunk>) -> Result<Vec<Chunk>> {
        let predicate = stamped_since(&self.clock.since_literals(&record.times, &record.layout));
        for leaf in &record.new.leaves {
            let cut = self.can_cut(leaf) && self.scans_whole_leaf(record, leaf, &predicate).await?;
            for (range, weight) in self.parts(leaf, cut) {
                let task = Task::CopyRows { leaf: leaf.name.clone(), range, predicate: Some(predicate.clone()) };
                found.push(self.chunk(record.id, found.len(), weight, task));
            }
        }
        Ok(found)
    }

    /// A walk through both sides, in ranges of keys where the table is large and the server knows where its keys lie.
    async fn compared(&self, record: &TableRecord, depth: Depth) -> Result<Vec<Chunk>> {
        let size_bytes = Sided { old: record.old.size_bytes, new: record.new.size_bytes };
        let summed = self.sums_first && depth == Depth::Hashes;
        let chunk_bytes = if summed { SUMMED_BYTES.min(self.chunk_bytes) } else { self.chunk_bytes };
        let wanted = usize::try_from(size_bytes.old.max(size_bytes.new).div_ceil(chunk_bytes)).unwrap_or(usize::MAX);
        let cuts = if wanted > 1 { self.key_cuts(record).await? } else { Vec::new() };
        let ranges = KeyRange::cut(cuts, wanted);
        let weight = size_bytes.into_iter().sum::<u64>() / ranges.len() as u64;
        let chunk = |(before, range)| self.chunk(record.id, before, weight, Task::WalkKeys { range, depth });
        Ok(ranges.into_iter().enumerate().map(chunk).collect())
    }

    /// Asks NEW's statistics where the keys of a table can be cut.
    async fn key_cuts(&self, record: &TableRecord) -> Result<Vec<KeyCut>> {
        let columns = record.key.columns();
        let Some(first) = columns.first().filter(|_| !record.key.is_whole_row()) else { return Ok(Vec::new()) };
        let (name, column) = (&record.new.name, first.new.source.column(&first.name));
        let found = self.new.query(KEY_HISTOGRAM, &[&name.schema.as_str(), &name.name.as_str(), &column.as_str()]).await?;
        let bounds: Vec<String> = found.first().map_or_else(Vec::new, |row| row.get(0));
        Ok(bounds.iter().filter_map(|bound| KeyCut::read(first.order, bound)).collect())
    }

    /// All rows of a table that OLD lacks.
    fn new_only(&self, table: &NewOnlyTable) -> Vec<Chunk> {
        let leaves = table.leaves.iter().flat_map(|leaf| {
            let named = move |(range, weight)| (leaf.name.clone(), range, weight);
            self.parts(leaf, self.can_cut(leaf)).into_iter().map(named)
        });
        let chunk = |(before, (leaf, range, weight))| {
            self.chunk(table.id, before, weight, Task::CopyRows { leaf, range, predicate: None })
        };
        leaves.enumerate().map(chunk).collect()
    }

    /// Makes a chunk that stands behind so many others of its table.
    fn chunk(&self, table: TableId, before: usize, weight: u64, task: Task) -> Chunk {
        let number = u32::try_from(before + 1).unwrap_or(u32::MAX);
        Chunk { database: self.database.to_owned(), table, number, weight, task }
    }

    /// Whether reading a part of a leaf's blocks costs only that part.
    fn can_cut(&self, leaf: &Leaf) -> bool {
        self.version >= TID_RANGE_SCANS && leaf.heap
    }

    /// Returns the ranges that a leaf is read in, and what each weighs.
    fn parts(&self, leaf: &Leaf, cut: bool) -> Vec<(CtidRange, u64)> {
        let ranges = if cut { ranges(leaf, self.chunk_bytes) } else { vec![CtidRange::ALL] };
        let weight = leaf.size_bytes / ranges.len() as u64;
        ranges.into_iter().map(|range| (range, weight)).collect()
    }

    /// Asks the planner whether it would read the whole leaf anyway. If an index serves the predicate, splitting by ctid would
    /// only make it read more.
    async fn scans_whole_leaf(&self, record: &TableRecord, leaf: &Leaf, predicate: &str) -> Result<bool> {
        if leaf.size_bytes <= self.chunk_bytes {
            return Ok(false);
        }
        let list = statement::select_list(&record.layout, Side::New, "t");
        let query = statement::rows(&leaf.name, &list, CtidRange::ALL, Some(predicate));
        let plan = self.new.query(&statement::explain(&query), &[]).await?;
        Ok(plan.iter().any(|line| line.get::<_, &str>(0).contains("Seq Scan")))
    }
}

/// Cuts a leaf into ranges of about so many bytes. TOAST counts in the size, but only heap blocks can be cut; the last range
/// stays open, because the size is an estimate.
fn ranges(leaf: &Leaf, chunk_bytes: u64) -> Vec<CtidRange> {
    let wanted = leaf.size_bytes.div_ceil(chunk_bytes).clamp(1, leaf.blocks.max(1));
    let step = leaf.blocks.div_ceil(wanted).max(1);
    (0..wanted)
        .map(|index| CtidRange { from_block: index * step, to_block: (index + 1 < wanted).then_some((index + 1) * step) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CHUNK_BYTES;
    use crate::name::QualifiedName;

    fn leaf(blocks: u64, size_bytes: u64) -> Leaf {
        Leaf { name: QualifiedName::new("public", "t"), blocks, size_bytes, heap: true }
    }

    #[test]
    fn ranges_cover_every_block_once_and_stay_open_at_the_end() {
        for (blocks, size) in [(0, 0), (1, 8192), (100_000, 800_000_000), (3, 936 << 30), (524_288, 4 << 30)] {
            let found = ranges(&leaf(blocks, size), CHUNK_BYTES);
            assert_eq!(found[0].from_block, 0);
            assert_eq!(found.last().and_then(|range| range.to_block), None);
            for pair in found.windows(2) {
                assert_eq!(pair[0].to_block, Some(pair[1].from_block), "{blocks} blocks, {size} bytes");
            }
        }
    }

    #[test]
    fn toast_counts_but_only_blocks_can_be_cut() {
        assert_eq!(ranges(&leaf(3, 936 << 30), CHUNK_BYTES).len(), 3);
        assert_eq!(ranges(&leaf(100_000, 3 << 30), CHUNK_BYTES).len(), 12);
    }
}
