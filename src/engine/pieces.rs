//! The pieces of work of an export: which rows of which leaf one worker copies in one statement.

use std::collections::VecDeque;

use super::compare::Depth;
use super::stamps::Clock;
use crate::error::Result;
use crate::name::{QualifiedName, Side};
use crate::pg::Session;
use crate::pg::statement::{self, CtidRange, stamped_since};
use crate::schema::{CompareBy, Leaf, Method};
use crate::staging::{DatabaseRecord, StrandedTable, TableRecord};

/// Heap and TOAST bytes that one piece reads at most, by estimate. Small enough that workers end together, large enough that
/// files are not many.
const PIECE_BYTES: u64 = 256 << 20;

/// The first major version whose scans can start at a ctid (PostgreSQL 14 release notes, "TID range scans").
const TID_RANGE_SCANS: u32 = 140_000;

/// The first major version that hashes records (PostgreSQL 14 release notes).
const RECORD_HASHES: u32 = 140_000;

const HASH_PROBE: &str = include_str!("../../sql/session/hash_probe.sql");

/// One piece of work.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Its number within the table; names its files.
    pub(super) number: u32,
    /// What is to be done.
    pub(super) task: Task,
    /// How many bytes it reads, by estimate.
    weight: u64,
}

/// A table, by its position in the database's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// One that is carried.
    Table(usize),
    /// One that OLD lacks.
    Stranded(usize),
}

/// What a piece does.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// Copies rows of NEW.
    Rows {
        /// The table.
        of: Of,
        /// The leaf.
        leaf: QualifiedName,
        /// Its blocks.
        range: CtidRange,
        /// Which of its rows; all without one.
        predicate: Option<String>,
    },
    /// Walks through both sides in key order.
    Compare {
        /// The table's position among those that are carried.
        table: usize,
        /// How much of a row is looked at.
        depth: Depth,
    },
}

impl Piece {
    /// Returns the table that it is a part of.
    pub(super) const fn of(&self) -> Of {
        match self.task {
            Task::Rows { of, .. } => of,
            Task::Compare { table, .. } => Of::Table(table),
        }
    }
}

/// Plans the pieces of a database, the largest first.
pub(super) async fn pieces(database: &DatabaseRecord, clock: &Clock, old: &Session, new: &Session) -> Result<VecDeque<Piece>> {
    let alike = hash_alike(database, old, new).await?;
    let mut found = Vec::new();
    for (table, record) in database.tables.iter().enumerate() {
        let depth = if alike && record.compare_by != CompareBy::Rows { Depth::Hashes } else { Depth::Rows };
        found.extend(table_pieces(table, record, depth, clock, new, database.new.version_num).await?);
    }
    for (table, stranded) in database.stranded.iter().enumerate().filter(|(_, table)| !table.row_security) {
        found.extend(stranded_pieces(table, stranded, database.new.version_num));
    }
    found.sort_by_key(|piece| std::cmp::Reverse(piece.weight));
    Ok(found.into())
}

/// Whether both servers give one row the same hash. Their versions, processors and encodings decide it, so they are asked.
async fn hash_alike(database: &DatabaseRecord, old: &Session, new: &Session) -> Result<bool> {
    let wanted = database.tables.iter().any(|table| table.method == Method::Compare && table.compare_by != CompareBy::Rows);
    // Text is hashed in the encoding of its database.
    let unicode = [&database.old, &database.new].iter().all(|side| side.encoding == "UTF8");
    if !wanted || !unicode || database.old.version_num < RECORD_HASHES || database.new.version_num < RECORD_HASHES {
        return Ok(false);
    }
    let (ours, theirs) = (old.query(HASH_PROBE, &[]).await?, new.query(HASH_PROBE, &[]).await?);
    let hash = |rows: &[tokio_postgres::Row]| rows.first().map(|row| row.get::<_, i64>(0));
    Ok(hash(&ours).is_some() && hash(&ours) == hash(&theirs))
}

async fn table_pieces(
    table: usize,
    record: &TableRecord,
    depth: Depth,
    clock: &Clock,
    new: &Session,
    version: u32,
) -> Result<Vec<Piece>> {
    let both = record.new.size_bytes + record.old.size_bytes;
    let compare = |depth, number| Piece { number, task: Task::Compare { table, depth }, weight: both };
    match record.method {
        Method::Skip => Ok(Vec::new()),
        Method::Compare => Ok(vec![compare(depth, 1)]),
        Method::Timestamps => {
            let mut found = vec![compare(Depth::Keys, 1)];
            let predicate = stamped_since(&clock.since_literals(&record.times, &record.layout));
            for leaf in &record.new.leaves {
                let cut = can_cut(leaf, version) && scans_whole_leaf(new, record, leaf, &predicate).await?;
                for (range, weight) in parts(leaf, cut) {
                    let number = u32::try_from(found.len() + 1).unwrap_or(u32::MAX);
                    let (of, predicate) = (Of::Table(table), Some(predicate.clone()));
                    let task = Task::Rows { of, leaf: leaf.name.clone(), range, predicate };
                    found.push(Piece { number, task, weight });
                }
            }
            Ok(found)
        }
    }
}

/// All rows of a table that OLD lacks.
fn stranded_pieces(table: usize, stranded: &StrandedTable, version: u32) -> Vec<Piece> {
    let leaves = stranded.leaves.iter().flat_map(|leaf| {
        let named = move |(range, weight)| (leaf.name.clone(), range, weight);
        parts(leaf, can_cut(leaf, version)).into_iter().map(named)
    });
    let piece = |(number, (leaf, range, weight))| Piece {
        number,
        task: Task::Rows { of: Of::Stranded(table), leaf, range, predicate: None },
        weight,
    };
    (1..).zip(leaves).map(piece).collect()
}

/// Whether reading a part of a leaf's blocks costs only that part.
fn can_cut(leaf: &Leaf, version: u32) -> bool {
    version >= TID_RANGE_SCANS && leaf.heap
}

/// Returns the ranges that a leaf is read in, and what each weighs.
fn parts(leaf: &Leaf, cut: bool) -> Vec<(CtidRange, u64)> {
    let ranges = if cut { ranges(leaf) } else { vec![CtidRange::ALL] };
    let weight = leaf.size_bytes / ranges.len() as u64;
    ranges.into_iter().map(|range| (range, weight)).collect()
}

/// Asks the planner whether it would read the whole leaf anyway. If an index serves the predicate, splitting by ctid would
/// only make it read more.
async fn scans_whole_leaf(new: &Session, record: &TableRecord, leaf: &Leaf, predicate: &str) -> Result<bool> {
    if leaf.size_bytes <= PIECE_BYTES {
        return Ok(false);
    }
    let query = statement::rows(&leaf.name, &record.layout.select_list(Side::New, "t"), CtidRange::ALL, Some(predicate));
    let plan = new.query(&format!("explain (costs off) {query}"), &[]).await?;
    Ok(plan.iter().any(|line| line.get::<_, &str>(0).contains("Seq Scan")))
}

/// Cuts a leaf into ranges of about [`PIECE_BYTES`]. TOAST counts in the size, but only heap blocks can be cut; the last
/// range stays open, because the size is an estimate.
fn ranges(leaf: &Leaf) -> Vec<CtidRange> {
    let wanted = leaf.size_bytes.div_ceil(PIECE_BYTES).clamp(1, leaf.blocks.max(1));
    let step = leaf.blocks.div_ceil(wanted).max(1);
    (0..wanted)
        .map(|index| CtidRange { from_block: index * step, to_block: (index + 1 < wanted).then_some((index + 1) * step) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(blocks: u64, size_bytes: u64) -> Leaf {
        Leaf { name: QualifiedName::new("public", "t"), blocks, size_bytes, heap: true }
    }

    #[test]
    fn ranges_cover_every_block_once_and_stay_open_at_the_end() {
        for (blocks, size) in [(0, 0), (1, 8192), (100_000, 800_000_000), (3, 936 << 30), (524_288, 4 << 30)] {
            let found = ranges(&leaf(blocks, size));
            assert_eq!(found[0].from_block, 0);
            assert_eq!(found.last().and_then(|range| range.to_block), None);
            for pair in found.windows(2) {
                assert_eq!(pair[0].to_block, Some(pair[1].from_block), "{blocks} blocks, {size} bytes");
            }
        }
    }

    #[test]
    fn toast_counts_but_only_blocks_can_be_cut() {
        assert_eq!(ranges(&leaf(3, 936 << 30)).len(), 3);
        assert_eq!(ranges(&leaf(100_000, 3 << 30)).len(), 12);
    }
}
