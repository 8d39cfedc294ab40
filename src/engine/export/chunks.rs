//! The chunks of an export: every table's, as its method says, and how large they are.

use crate::engine::evidence::{ChangedBlocks, Clock, Cutter, finder};
use crate::engine::run::Limits;
use crate::error::Result;
use crate::name::Sided;
use crate::pg::Session;
use crate::schema::{CompareBy, Method};
use crate::staging::{Chunk, DatabaseRecord};

/// The first major version that hashes records (PostgreSQL 14 release notes).
const RECORD_HASHES: u32 = 140_000;

const HASH_PROBE: &str = include_str!("../../../sql/session/hash_probe.sql");

/// How many chunks each worker gets, if they are no smaller than [`LEAST_BYTES`]: the last to end then works alone for a small
/// part of the time only.
const CHUNKS_EACH: u64 = 4;

/// A chunk smaller than this costs more in statements and files than it evens out.
const LEAST_BYTES: u64 = 16 << 20;

/// What rows are found by.
#[derive(Clone, Copy)]
pub(crate) struct Cutting<'a> {
    /// The cutover.
    pub(crate) clock: &'a Clock,
    /// The predicate for rows of NEW that may have been written since the cutover, where that is known.
    pub(crate) young: Option<&'a str>,
    /// Whether that is only estimated.
    pub(crate) estimated: bool,
    /// Which blocks of NEW were changed since, where that is known.
    pub(crate) changed: Option<&'a ChangedBlocks>,
    /// Whether sums over ranges of keys are asked for first.
    pub(crate) sums_first: bool,
}

/// Plans the chunks of a database.
pub(crate) async fn chunks(
    database: &DatabaseRecord,
    cutting: Cutting<'_>,
    limits: Limits,
    sessions: Sided<&Session>,
) -> Result<Vec<Chunk>> {
    let cutter = Cutter {
        database: &database.name,
        clock: cutting.clock,
        new: sessions.new,
        young: cutting.young,
        estimated: cutting.estimated,
        changed: cutting.changed,
        version_num: database.new.version_num,
        chunk_bytes: chunk_bytes(database, limits),
        hash_alike: hash_alike(database, sessions).await?,
        sums_first: cutting.sums_first,
    };
    let mut found = Vec::new();
    for table in &database.tables {
        found.extend(numbered(finder(table.method).chunks(&cutter, table).await?));
    }
    for table in database.new_only.iter().filter(|table| !table.row_security) {
        found.extend(numbered(cutter.new_only(table)));
    }
    Ok(found)
}

/// Numbers the chunks of one table.
fn numbered(chunks: Vec<Chunk>) -> impl Iterator<Item = Chunk> {
    (1..).zip(chunks).map(|(number, chunk)| Chunk { number, ..chunk })
}

/// Whether both servers give one row the same hash. Their versions, processors and encodings decide it, so they are asked.
async fn hash_alike(database: &DatabaseRecord, sessions: Sided<&Session>) -> Result<bool> {
    let wanted = database.tables.iter().any(|table| table.method == Method::Compare && table.compare_by != CompareBy::Rows);
    // Text is hashed in the encoding of its database.
    let unicode = [&database.old, &database.new].iter().all(|side| side.encoding == "UTF8");
    if !wanted || !unicode || database.old.version_num < RECORD_HASHES || database.new.version_num < RECORD_HASHES {
        return Ok(false);
    }
    let probed = Sided { old: sessions.old.query(HASH_PROBE, &[]).await?, new: sessions.new.query(HASH_PROBE, &[]).await? };
    let hash = probed.map(|rows| rows.first().map(|row| row.get::<_, i64>(0)));
    Ok(hash.old.is_some() && hash.old == hash.new)
}

/// Returns how much of a database one chunk reads, so that there are enough of them for every worker and not too many files.
fn chunk_bytes(database: &DatabaseRecord, limits: Limits) -> u64 {
    let carried = database.tables.iter().map(|table| table.new.size_bytes.max(table.old.size_bytes));
    let new_only = database.new_only.iter().flat_map(|table| &table.leaves).map(|leaf| leaf.size_bytes);
    let share = carried.chain(new_only).sum::<u64>() / (limits.jobs() as u64 * CHUNKS_EACH);
    share.max(LEAST_BYTES).min(limits.chunk_bytes())
}
