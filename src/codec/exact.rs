//! The companion column `fb_exact`: wire bytes of the few values that a typed column cannot hold.
//!
//! A list of (column, wire) for each row, NULL for nearly every row. Without such values it costs a bitmap and zero offsets.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BinaryArray, ListArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, FieldRef, Fields};

/// The companion column's name. It is always a batch's last column and is found by that position, so a table may have a column
/// of this name.
pub const EXACT_COLUMN: &str = "fb_exact";

/// The companion column.
pub(super) fn field() -> FieldRef {
    Arc::new(Field::new(EXACT_COLUMN, DataType::List(entry_field()), true))
}

pub(super) fn entry_field() -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(entry_fields()), false))
}

pub(super) fn entry_fields() -> Fields {
    Fields::from(vec![Field::new("column", DataType::Utf8, false), Field::new("wire", DataType::Binary, false)])
}

/// Counts the values of every column that stand in a batch's companion column instead of their own.
#[must_use]
pub fn exact_columns(batch: &RecordBatch) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let companion = batch.columns().last().and_then(|column| column.as_list_opt::<i32>());
    let Some(list) = companion.filter(|list| list.null_count() < list.len()) else { return counts };
    for entries in (0..list.len()).filter(|row| list.is_valid(*row)).map(|row| list.value(row)) {
        let names = entries.as_struct_opt().and_then(|entries| entries.columns().first()?.as_string_opt::<i32>());
        for name in names.into_iter().flatten().flatten() {
            *counts.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

/// The companion column of a batch, ready for look-ups; none if it holds nothing.
pub(super) struct ExactValues<'a>(Option<Lists<'a>>);

struct Lists<'a> {
    list: &'a ListArray,
    names: &'a StringArray,
    wires: &'a BinaryArray,
}

impl<'a> ExactValues<'a> {
    pub(super) fn open(batch: &'a RecordBatch, column: usize) -> Option<Self> {
        let array = batch.columns().get(column)?;
        let list = array.as_list_opt::<i32>()?;
        if list.null_count() == list.len() {
            return Some(Self(None));
        }
        let entries = list.values().as_struct_opt()?;
        let names = entries.columns().first()?.as_string_opt::<i32>()?;
        let wires = entries.columns().get(1)?.as_binary_opt::<i32>()?;
        Some(Self(Some(Lists { list, names, wires })))
    }

    /// Returns the wire bytes of a cell whose typed column is NULL; none if it really is NULL.
    #[inline]
    pub(super) fn find(&self, row: usize, column: &str) -> Option<&'a [u8]> {
        self.0.as_ref().and_then(|lists| lists.find(row, column))
    }
}

impl<'a> Lists<'a> {
    fn find(&self, row: usize, column: &str) -> Option<&'a [u8]> {
        if self.list.is_null(row) {
            return None;
        }
        let offsets = self.list.value_offsets();
        let start = usize::try_from(*offsets.get(row)?).ok()?;
        let end = usize::try_from(*offsets.get(row + 1)?).ok()?;
        (start..end).find(|entry| self.names.value(*entry) == column).map(|entry| self.wires.value(entry))
    }
}
