//! What BASE's rows, or a baseline's digests, say of staged keys: whether each side's row is still that of the cutover.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, FixedSizeBinaryArray};

use super::beside::Beside;
use crate::codec::RowLayout;
use crate::delta::{self, Differences, Evidence, KnownBase, Logged};
use crate::engine::rows::{Digest, Image, RowDigests};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Sided;
use crate::schema::{ComparisonKey, WHOLE_ROW_COLUMNS};
use crate::staging::{BASELINE_ROW, Segment};
use crate::store::Store;

/// What was staged of BASE, or of a baseline, for some keys.
pub(super) enum AtBase {
    /// BASE's rows.
    Rows(Image),
    /// The digests of the baseline's rows, NULL where it has none.
    Digests(FixedSizeBinaryArray),
}

impl AtBase {
    /// Returns BASE's own rows, where they are at hand.
    pub(super) const fn rows(&self) -> Option<&Image> {
        match self {
            Self::Rows(rows) => Some(rows),
            Self::Digests(_) => None,
        }
    }
}

/// What was staged of BASE beside a segment, in its order.
pub(super) struct BaseRows(Beside);

impl BaseRows {
    /// Opens what the export staged of BASE beside a segment, if it did.
    pub(super) fn open(store: &dyn Store, segment: &Segment) -> Result<Option<Self>> {
        Ok(Beside::open(store, segment, segment.base.as_deref())?.map(Self))
    }

    /// Reads BASE's rows for the next keys.
    pub(super) fn take(&mut self, keys: usize, layout: &RowLayout) -> Result<AtBase> {
        let batch = self.0.take(keys)?;
        match batch.column_by_name(BASELINE_ROW) {
            None => Image::of_base(&batch, layout).map(AtBase::Rows),
            Some(column) => {
                let digests = column.as_fixed_size_binary_opt().ok_or_else(|| damaged("it holds no digests"))?;
                Ok(AtBase::Digests(digests.clone()))
            }
        }
    }
}

fn damaged(cause: &str) -> Error {
    Error::new(ErrorKind::Damaged, "read BASE's staged rows").because(cause.to_owned())
}

/// Both sides' rows beside BASE's: whether there was one, and by row and side whether it is another.
pub(super) enum AgainstBase<'a> {
    Rows(&'a Image, Sided<Differences>),
    Digests(&'a FixedSizeBinaryArray, Sided<Vec<Digest>>),
}

impl<'a> AgainstBase<'a> {
    /// Compares rows. All that OLD has counts on OLD's side, and on NEW's what both sides have; a baseline is of tables alone
    /// that have the same columns on both. Which number a copy of a row has tells nothing.
    pub(super) fn of(base: &'a AtBase, sides: &Sided<Image>, (layout, key): (&RowLayout, &ComparisonKey)) -> Result<Self> {
        let base = match base {
            AtBase::Rows(rows) => rows,
            AtBase::Digests(digests) => {
                let of = RowDigests::new(layout);
                let sides = Sided { old: of.of(&sides.old.rows)?, new: of.of(&sides.new.rows)? };
                return Ok(Self::Digests(digests, sides));
            }
        };
        let compare = |side: &Image| {
            delta::compare(&base.rows, &side.rows)
                .map_err(|error| Error::new(ErrorKind::Malformed, "compare rows with BASE's").because(error))
        };
        let mut differences = Sided { old: compare(&sides.old)?, new: compare(&sides.new)? };
        differences.new.keep(|column| layout.columns[column].is_carried());
        let is_number = |column: usize| key.is_whole_row() && layout.columns[column].name.as_str() == WHOLE_ROW_COLUMNS[1];
        differences.old.keep(|column| !is_number(column));
        differences.new.keep(|column| !is_number(column));
        Ok(Self::Rows(base, differences))
    }

    /// Whether a baseline says less of a key than NEW's log does, which goes up to the cutover, and from there on. A server
    /// that shows the cutover says all there is.
    pub(super) fn gives_way(&self, fact: Logged, new_has_row: bool) -> bool {
        let is_told = fact == Logged::Created || fact == Logged::Untouched && !new_has_row;
        matches!(self, Self::Digests(..)) && is_told
    }

    /// Whether a baseline has no row under a key: whatever stands there has come since it was made.
    pub(super) fn came_since(&self, row: usize) -> bool {
        matches!(self, Self::Digests(base, _) if base.is_null(row))
    }

    /// Says what is known of a key. `written`: whether each side's row may have been written since a horizon, where that was
    /// asked. A baseline may be from before the cutover: a row that is as it was then has been left alone only if nobody wrote
    /// it, and that there was none does not say that there was none at the cutover.
    pub(super) fn known(&self, row: usize, written: Option<Sided<bool>>) -> Option<KnownBase> {
        match self {
            Self::Rows(base, differences) => {
                let equal = || differences.as_ref().map(|side| !side.any(row));
                Some(KnownBase { equal: base.present.value(row).then(equal), evidence: Evidence::Base })
            }
            Self::Digests(base, sides) => {
                let written = written.unwrap_or_default();
                let then = base.is_valid(row).then(|| base.value(row))?;
                let equal = sides.as_ref().zip(written).map(|(side, written)| !written && side[row].as_slice() == then);
                Some(KnownBase { equal: Some(equal), evidence: Evidence::Baseline })
            }
        }
    }
}
