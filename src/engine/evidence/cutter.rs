//! Cutting tables into chunks: by blocks where rows are copied, by keys where both sides are walked through.

use crate::error::Result;
use crate::name::Side;
use crate::pg::Session;
use crate::schema::Leaf;
use crate::staging::layout::TableId;
use crate::staging::{Chunk, Depth, NewOnlyTable, TableRecord, Task};
use crate::statement::{self, CtidRange, KeyCut, KeyRange, stamped_since};

use super::stamps::Clock;
use super::summaries::{Changed, ChangedBlocks};

/// The first major version whose scans can start at a ctid (PostgreSQL 14 release notes, "TID range scans").
const TID_RANGE_SCANS: u32 = 140_000;

const KEY_HISTOGRAM: &str = include_str!("../../../sql/session/key_histogram.sql");

/// So many ranges of blocks are read by one statement, which names each.
const RANGES_EACH: usize = 4_096;

/// The least that one sum is made of.
const SUMMED_BYTES: u64 = 1 << 20;

/// Cuts the tables of one database into chunks.
pub(crate) struct Cutter<'a> {
    /// The database.
    pub(crate) database: &'a str,
    /// The cutover.
    pub(crate) clock: &'a Clock,
    /// NEW, for what its planner and its statistics say.
    pub(crate) new: &'a Session,
    /// NEW's version.
    pub(crate) version_num: u32,
    /// The predicate for rows of NEW that may have been written since the mark, where there is one.
    pub(crate) young: Option<&'a str>,
    /// Whether that is only estimated.
    pub(crate) estimated: bool,
    /// Which blocks of NEW were changed since, where that is known.
    pub(crate) changed: Option<&'a ChangedBlocks>,
    /// How much a chunk reads, by estimate.
    pub(crate) chunk_bytes: u64,
    /// Whether both servers give one row the same hash.
    pub(crate) hash_alike: bool,
    /// Whether sums over ranges of keys are asked for first: then ranges are as small as the statistics allow, so that few rows
    /// are sent for each that differs.
    pub(crate) sums_first: bool,
}

impl Cutter<'_> {
    /// Copies rows that their stamps select.
    pub(crate) async fn stamped_rows(&self, table: &TableRecord) -> Result<Vec<Chunk>> {
        let predicate = stamped_or_young(table, self.clock, self.young.filter(|_| self.estimated));
        let mut found = Vec::new();
        for leaf in &table.new.leaves {
            let cut = self.can_cut(leaf) && self.scans_whole_leaf(table, leaf, &predicate).await?;
            found.extend(self.copies(table.id, leaf, cut, Some(&predicate)));
        }
        Ok(found)
    }

    /// Copies rows that may have been written since the mark. No index serves that.
    pub(crate) fn young_rows(&self, table: &TableRecord) -> Vec<Chunk> {
        table.new.leaves.iter().flat_map(|leaf| self.copies(table.id, leaf, self.can_cut(leaf), self.young)).collect()
    }

    /// Copies such rows from the blocks that were changed since the mark, where it is known which; else as above.
    pub(crate) fn changed_rows(&self, table: &TableRecord) -> Vec<Chunk> {
        let (Some(changed), Some(young)) = (self.changed, self.young) else { return self.young_rows(table) };
        let of = |leaf| match changed.of(leaf) {
            Changed::Anywhere => self.copies(table.id, leaf, self.can_cut(leaf), Some(young)),
            Changed::Within(ranges) => self.copies_within(table.id, leaf, ranges, young),
        };
        table.new.leaves.iter().flat_map(of).collect()
    }

    /// Copies the rows that a predicate selects from some ranges of a leaf's blocks.
    fn copies_within(&self, table: TableId, leaf: &Leaf, ranges: &[CtidRange], predicate: &str) -> Vec<Chunk> {
        let (ending, open): (Vec<_>, Vec<_>) = ranges.iter().copied().partition(|range| range.to_block.is_some());
        let width = leaf.size_bytes / leaf.blocks.max(1);
        let blocks = |part: &[CtidRange]| part.iter().filter_map(|range| Some(range.to_block? - range.from_block)).sum::<u64>();
        let within = |part: &[CtidRange]| {
            let (leaf, ranges, predicate) = (leaf.name.clone(), part.to_vec(), predicate.to_owned());
            self.chunk(table, blocks(part) * width, Task::CopyBlocks { leaf, ranges, predicate })
        };
        let open = open.into_iter().map(|range: CtidRange| {
            let (leaf_name, weight) = (leaf.name.clone(), leaf.blocks.saturating_sub(range.from_block) * width);
            self.chunk(table, weight, Task::CopyRows { leaf: leaf_name, range, predicate: Some(predicate.to_owned()) })
        });
        parts(&ending, width, self.chunk_bytes).into_iter().map(within).chain(open).collect()
    }

    /// Copies all rows of a table that OLD lacks.
    pub(crate) fn new_only(&self, table: &NewOnlyTable) -> Vec<Chunk> {
        table.leaves.iter().flat_map(|leaf| self.copies(table.id, leaf, self.can_cut(leaf), None)).collect()
    }

    /// Walks through both sides, in ranges of keys where the table is large and the server knows where its keys lie.
    pub(crate) async fn key_walk(&self, table: &TableRecord, depth: Depth) -> Result<Vec<Chunk>> {
        let (old_bytes, new_bytes) = (table.old.size_bytes, table.new.size_bytes);
        let summed = self.sums_first && depth == Depth::Hashes;
        let chunk_bytes = if summed { SUMMED_BYTES.min(self.chunk_bytes) } else { self.chunk_bytes };
        let wanted = usize::try_from(old_bytes.max(new_bytes).div_ceil(chunk_bytes)).unwrap_or(usize::MAX);
        let cuts = if wanted > 1 { self.key_cuts(table).await? } else { Vec::new() };
        let ranges = KeyRange::cut(cuts, wanted);
        let weight = (old_bytes + new_bytes) / ranges.len() as u64;
        Ok(ranges.into_iter().map(|range| self.chunk(table.id, weight, Task::WalkKeys { range, depth })).collect())
    }

    /// Asks NEW's statistics where the keys of a table can be cut.
    async fn key_cuts(&self, table: &TableRecord) -> Result<Vec<KeyCut>> {
        let columns = table.key.columns();
        let Some(first) = columns.first().filter(|_| !table.key.is_whole_row()) else { return Ok(Vec::new()) };
        let (name, column) = (&table.new.name, first.new.source.column(&first.name));
        let found = self.new.query(KEY_HISTOGRAM, &[&name.schema.as_str(), &name.name.as_str(), &column.as_str()]).await?;
        let bounds: Vec<String> = found.first().map_or_else(Vec::new, |row| row.get(0));
        Ok(bounds.iter().filter_map(|bound| KeyCut::read(first.order, bound)).collect())
    }

    /// Copies the rows of a leaf that a predicate selects.
    fn copies(&self, table: TableId, leaf: &Leaf, cut: bool, predicate: Option<&str>) -> Vec<Chunk> {
        let ranges = if cut { ranges(leaf, self.chunk_bytes) } else { vec![CtidRange::ALL] };
        let weight = leaf.size_bytes / ranges.len() as u64;
        let task = |range| Task::CopyRows { leaf: leaf.name.clone(), range, predicate: predicate.map(str::to_owned) };
        ranges.into_iter().map(|range| self.chunk(table, weight, task(range))).collect()
    }

    /// Makes a chunk; its number is given once all of the table's are known.
    fn chunk(&self, table: TableId, weight: u64, task: Task) -> Chunk {
        Chunk { database: self.database.to_owned(), table, number: 0, weight, task }
    }

    /// Whether reading a part of a leaf's blocks costs only that part.
    fn can_cut(&self, leaf: &Leaf) -> bool {
        self.version_num >= TID_RANGE_SCANS && leaf.heap
    }

    /// Asks the planner whether it would read the whole leaf anyway. If an index serves the predicate, splitting by ctid would
    /// only make it read more.
    async fn scans_whole_leaf(&self, table: &TableRecord, leaf: &Leaf, predicate: &str) -> Result<bool> {
        if leaf.size_bytes <= self.chunk_bytes {
            return Ok(false);
        }
        let list = statement::select_list(&table.layout, Side::New, "t");
        let query = statement::rows(&leaf.name, &list, CtidRange::ALL, Some(predicate));
        let plan = self.new.query(&statement::explain(&query), &[]).await?;
        Ok(plan.iter().any(|line| line.get::<_, &str>(0).contains("Seq Scan")))
    }
}

/// Returns a predicate on a row `t` of NEW that is true where its stamps select it, or where its id says that it may have been
/// written since an estimate of the horizon (`young`), as far as that is asked of the table.
pub(crate) fn stamped_or_young(table: &TableRecord, clock: &Clock, young: Option<&str>) -> String {
    let stamped = stamped_since(&clock.since_literals(&table.times, &table.layout));
    match young.filter(|_| table.asks_ids(true)) {
        Some(young) => format!("{stamped} or {young}"),
        None => stamped,
    }
}

/// Parts ranges of blocks, each so many bytes wide, so that no part is more than one statement names, and none much more than
/// what a chunk reads.
fn parts(ranges: &[CtidRange], width: u64, chunk_bytes: u64) -> Vec<&[CtidRange]> {
    let bytes = |range: &CtidRange| range.to_block.map_or(0, |to| to - range.from_block).saturating_mul(width);
    let (mut found, mut first, mut sum) = (Vec::new(), 0, 0_u64);
    for (at, range) in ranges.iter().enumerate() {
        if at > first && (at - first == RANGES_EACH || sum.saturating_add(bytes(range)) > chunk_bytes) {
            found.push(&ranges[first..at]);
            (first, sum) = (at, 0);
        }
        sum = sum.saturating_add(bytes(range));
    }
    found.extend((first < ranges.len()).then(|| &ranges[first..]));
    found
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
        Leaf { oid: 1, name: QualifiedName::new("public", "t"), blocks, size_bytes, heap: true, inlines: false }
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
    fn changed_blocks_are_read_in_parts_of_a_chunk_each() {
        let ranges: Vec<_> = (0..9_000).map(|at| CtidRange { from_block: at * 10, to_block: Some(at * 10 + 2) }).collect();
        let of = |chunk_bytes| parts(&ranges, 8_192, chunk_bytes).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(of(u64::MAX), [4_096, 4_096, 808]);
        assert_eq!(of(2_000 * 2 * 8_192), [2_000, 2_000, 2_000, 2_000, 1_000]);
        assert_eq!(of(1).len(), 9_000, "a range is not cut");
        assert_eq!(parts(&[], 8_192, 1), [&[] as &[CtidRange]; 0]);
    }

    #[test]
    fn toast_counts_but_only_blocks_can_be_cut() {
        assert_eq!(ranges(&leaf(3, 936 << 30), CHUNK_BYTES).len(), 3);
        assert_eq!(ranges(&leaf(100_000, 3 << 30), CHUNK_BYTES).len(), 12);
    }
}
