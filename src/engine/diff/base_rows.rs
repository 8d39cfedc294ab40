//! What BASE's rows say of staged keys: whether each side's row is still that of the cutover.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use crate::codec::RowLayout;
use crate::delta::{self, Differences, Evidence, KnownBase};
use crate::engine::rows::{Image, KEYS_PER_STATEMENT};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Sided;
use crate::staging::{Segment, SegmentReader};
use crate::store::Store;

/// BASE's rows beside a segment, in its order.
pub(super) struct BaseRows {
    reader: SegmentReader,
    /// What was read and not asked for yet.
    rest: Option<RecordBatch>,
}

impl BaseRows {
    /// Opens what the export staged of BASE beside a segment, if it did.
    pub(super) fn open(store: &dyn Store, segment: &Segment) -> Result<Option<Self>> {
        let Some(base) = &segment.base else { return Ok(None) };
        if base.rows != segment.rows {
            return Err(Error::new(ErrorKind::Damaged, "read the manifest")
                .at(&base.file.path)
                .because(format!("it has {} rows for {} keys", base.rows, segment.rows)));
        }
        Ok(Some(Self { reader: SegmentReader::open(store, base, KEYS_PER_STATEMENT)?, rest: None }))
    }

    /// Reads BASE's rows for the next keys.
    pub(super) fn take(&mut self, keys: usize, layout: &RowLayout) -> Result<Image> {
        let (mut parts, mut missing): (Vec<RecordBatch>, _) = (Vec::new(), keys);
        while missing > 0 {
            let batch = match self.rest.take() {
                Some(batch) => batch,
                None => self.reader.next().ok_or_else(|| damaged("it ends before its keys do"))??,
            };
            let used = missing.min(batch.num_rows());
            parts.push(batch.slice(0, used));
            self.rest = (used < batch.num_rows()).then(|| batch.slice(used, batch.num_rows() - used));
            missing -= used;
        }
        let schema = parts.first().ok_or_else(|| damaged("it holds no rows"))?.schema();
        let batch = concat_batches(&schema, &parts).map_err(|error| damaged(&error.to_string()))?;
        Image::of_base(&batch, layout)
    }
}

fn damaged(cause: &str) -> Error {
    Error::new(ErrorKind::Damaged, "read BASE's staged rows").because(cause.to_owned())
}

/// Both sides' rows beside BASE's.
pub(super) struct AgainstBase<'a> {
    base: &'a Image,
    differences: Sided<Differences>,
}

impl<'a> AgainstBase<'a> {
    /// Compares rows. All that OLD has counts on OLD's side, and on NEW's what both sides have.
    pub(super) fn of(base: &'a Image, sides: &Sided<Image>, layout: &RowLayout) -> Result<Self> {
        let compare = |side: &Image| {
            delta::compare(&base.rows, &side.rows)
                .map_err(|error| Error::new(ErrorKind::Malformed, "compare rows with BASE's").because(error))
        };
        let mut differences = Sided { old: compare(&sides.old)?, new: compare(&sides.new)? };
        differences.new.keep(|column| layout.columns[column].is_carried());
        Ok(Self { base, differences })
    }

    /// Says what BASE knows of a key.
    pub(super) fn known(&self, row: usize) -> KnownBase {
        let equal = || self.differences.as_ref().map(|side| !side.any(row));
        KnownBase { equal: self.base.present.value(row).then(equal), evidence: Evidence::Base }
    }
}
