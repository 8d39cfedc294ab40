//! Which rows of a run the undo of another run took away since, or made to be as they were: their keys, as far as this run has
//! staged the rows. OLD remembers digests of the keys alone.
//!
//! Memory: one batch of rows, and about 40 bytes for every key of the undo.

use crate::codec::BatchEncoder;
use crate::engine::rows::{KEYS_PER_STATEMENT, finding_names, key_positions, key_texts, one_key};
use crate::engine::run::{BroughtKeys, Ledger, Undone, read_digest};
use crate::error::{Place as _, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::staging::{DatabaseRecord, SegmentReader, TableRecord};
use crate::statement::{RowSource, key_digests};
use crate::store::Store;

/// How many keys are listed at most.
const MOST_KEYS: usize = 1000;

/// Names the rows of each table that an undo of another run took back and this run carries, as far as OLD has the table as this
/// run knows it, which `fits` says.
///
/// # Errors
/// Whatever asking OLD and reading the run can give.
pub(crate) async fn name_rows(
    store: &dyn Store,
    (ledger, old): (&Ledger, &Session),
    record: &DatabaseRecord,
    undone: &mut Undone,
    fits: impl Fn(&TableRecord) -> bool,
) -> Result<()> {
    for (name, _) in undone.tables.iter().filter(|(_, written)| written.rows() > 0) {
        let Some(table) = record.tables.iter().find(|table| table.name.to_string() == *name && fits(table)) else { continue };
        let taken = BroughtKeys::of_transaction(ledger, old, table, undone.transaction).await?;
        if can_be_asked(old, table, &taken) {
            let naming = named(store, old, table, &taken);
            let keys = finding_names(old, table.old.inlines(), naming).await.place(|| name)?;
            undone.keys.insert(name.clone(), keys);
        }
    }
    Ok(())
}

/// Whether every key of NEW's is one that OLD could hold: else it cannot be asked for the digests of all of them at once.
fn can_be_asked(old: &Session, table: &TableRecord, taken: &BroughtKeys) -> bool {
    let is_held = !old.converts_text() && taken.key.columns.iter().all(|column| column.conversions.is_empty());
    is_held && !taken.is_empty() && !table.key.is_whole_row() && !table.key.names_objects()
}

async fn named(store: &dyn Store, old: &Session, table: &TableRecord, taken: &BroughtKeys) -> Result<Vec<String>> {
    let source = RowSource::of(&table.old, &table.key, Side::Old);
    let (encoder, columns) = (BatchEncoder::new(&table.layout), key_positions(&table.layout, &table.key.names())?);
    let mut found = Vec::new();
    for segment in &table.candidates {
        for batch in SegmentReader::open(store, segment, KEYS_PER_STATEMENT)? {
            let keys = key_texts(&encoder, &batch?, &columns)?;
            for (row, digests) in old.query(&key_digests(source, &taken.key, &keys), &[]).await?.iter().enumerate() {
                let digests = [0, 1].map(|column| digests.get::<_, Option<&[u8]>>(column));
                let digests = digests.into_iter().flatten().map(read_digest).collect::<Result<Vec<_>>>()?;
                if taken.has(&digests) && found.len() < MOST_KEYS {
                    found.push(one_key(&keys, row));
                }
            }
        }
    }
    Ok(found)
}
