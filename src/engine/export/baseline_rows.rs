//! What a baseline has for the keys that are staged, in a file beside each segment. A baseline is in no order that a walk would
//! follow: it is read once for every million keys.
//!
//! Memory: see [`staged_keys`].

use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, FixedSizeBinaryArray, RecordBatch};
use arrow_schema::SchemaRef;

use super::staged_keys::{self, KeySet, LookUp, Wanted};
use crate::engine::rows::{Digest, KEYS_PER_STATEMENT, digest_column, digests_schema};
use crate::engine::run::{Context, Reporter};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::staging::{BASELINE_ABSENT_KEY, BASELINE_KEY, BASELINE_ROW, DatabaseRecord, Segment, SegmentReader, TableBaseline};
use crate::store::Store;

/// Stages what the baseline has for everything that is staged of a database, where there is one and it proves something.
pub(crate) fn stage(context: &Context, database: &mut DatabaseRecord) -> Result<()> {
    let Some(armed) = context.selection().baseline().filter(|_| database.base.is_none()) else { return Ok(()) };
    let Some(kept) = armed.baseline.database(&database.name) else { return Ok(()) };
    for (number, table) in (0..).zip(&mut database.tables).filter(|(_, table)| table.has_base()) {
        let Some(kept) = kept.table(&table.name) else { continue };
        let mut rows = BaselineRows { reporter: context.reporter(), kept_in: armed.store.as_ref(), kept };
        let name = table.name.clone();
        staged_keys::look_up(context, std::iter::once((number, table)), &mut rows).place(|| name)?;
    }
    Ok(())
}

/// Where a table's baseline is.
struct BaselineRows<'a> {
    reporter: &'a Reporter,
    /// The baseline's folder.
    kept_in: &'a dyn Store,
    kept: &'a TableBaseline,
}

impl LookUp for BaselineRows<'_> {
    type Fact = Option<Digest>;
    const SUFFIX: &'static str = "-base.parquet";

    fn schema() -> SchemaRef {
        digests_schema()
    }

    fn place(segment: &mut Segment) -> &mut Option<Box<Segment>> {
        &mut segment.base
    }

    /// Of a table, keys of rows and keys without a row are spelt each in their way.
    fn scope(of: KeySet) -> u32 {
        u32::from(of.is_absent)
    }

    fn find(&self, wanted: &mut Wanted<Self::Fact>) -> Result<()> {
        let Some(rows) = &self.kept.rows else { return Ok(()) };
        for batch in SegmentReader::open(self.kept_in, rows, KEYS_PER_STATEMENT)? {
            self.reporter.check_stop()?;
            let batch = batch?;
            let rows = digests(&batch, BASELINE_ROW)?;
            for (is_absent, name) in [(false, BASELINE_KEY), (true, BASELINE_ABSENT_KEY)] {
                for (key, row) in digests(&batch, name)?.iter().zip(rows) {
                    let key = key.and_then(|key| Digest::try_from(key).ok());
                    if let Some(found) = key.and_then(|key| wanted.get_mut(&(u32::from(is_absent), key))) {
                        *found = row.and_then(|row| Digest::try_from(row).ok());
                    }
                }
            }
        }
        Ok(())
    }

    fn column(&mut self, _of: KeySet, facts: &[&Self::Fact]) -> ArrayRef {
        digest_column(facts.iter().map(|found| found.as_ref()))
    }
}

fn digests<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a FixedSizeBinaryArray> {
    let column = batch.column_by_name(name).and_then(|column| column.as_fixed_size_binary_opt());
    column
        .ok_or_else(|| Error::new(ErrorKind::Damaged, "read the baseline").at(name.to_owned()).because("the column is missing"))
}
