//! The companion column `fb_exact`: wire bytes of the few values that a typed column cannot hold.
//!
//! A list of (column, wire) for each row, NULL for nearly every row. Without such values it costs a bitmap and zero offsets.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, ListArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::NullBufferBuilder;
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, FieldRef, Fields};

use super::error::{CodecError, CodecProblem};
use super::layout::StagedColumn;

/// The companion column's name. It is always a batch's last column and is found by that position, so a table may have a column
/// of this name.
pub const EXACT_COLUMN: &str = "fb_exact";

pub(super) fn field() -> FieldRef {
    Arc::new(Field::new(EXACT_COLUMN, DataType::List(entry_field()), true))
}

fn entry_field() -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(entry_fields()), false))
}

fn entry_fields() -> Fields {
    Fields::from(vec![Field::new("column", DataType::Utf8, false), Field::new("wire", DataType::Binary, false)])
}

/// Collects the values of one batch, column after column.
#[derive(Debug, Default)]
pub(super) struct ExactBuilder {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    row: usize,
    column: usize,
    start: usize,
    end: usize,
}

impl ExactBuilder {
    #[cold]
    pub(super) fn push(&mut self, row: usize, column: usize, wire: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(wire);
        self.entries.push(Entry { row, column, start, end: self.bytes.len() });
    }

    /// Returns the rows of what was pushed, in that order.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.entries.iter().map(|entry| entry.row)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
    }

    /// Makes the column from what was pushed.
    pub(super) fn finish(&mut self, rows: usize, columns: &[StagedColumn]) -> Result<ArrayRef, CodecError> {
        if self.entries.is_empty() {
            return Ok(Arc::new(ListArray::new_null(entry_field(), rows)));
        }
        self.entries.sort_by_key(|entry| entry.row);
        let too_large = CodecError::batch(CodecProblem::TooLarge);
        let names_size: usize = self.entries.iter().map(|entry| name(columns, entry.column).len()).sum();
        if i32::try_from(self.bytes.len().max(names_size)).is_err() {
            return Err(too_large);
        }
        let mut names = StringBuilder::with_capacity(self.entries.len(), names_size);
        let mut wires = BinaryBuilder::with_capacity(self.entries.len(), self.bytes.len());
        let mut counts = vec![0_usize; rows];
        for entry in &self.entries {
            names.append_value(name(columns, entry.column));
            wires.append_value(self.bytes.get(entry.start..entry.end).unwrap_or_default());
            if let Some(count) = counts.get_mut(entry.row) {
                *count += 1;
            }
        }
        let mut nulls = NullBufferBuilder::new(rows);
        for count in &counts {
            nulls.append(*count > 0);
        }
        let entries = StructArray::try_new(entry_fields(), vec![Arc::new(names.finish()), Arc::new(wires.finish())], None);
        let list = entries.and_then(|entries| {
            ListArray::try_new(entry_field(), OffsetBuffer::from_lengths(counts), Arc::new(entries), nulls.finish())
        });
        list.map_or(Err(too_large), |list| Ok(Arc::new(list)))
    }
}

fn name(columns: &[StagedColumn], column: usize) -> &str {
    columns.get(column).map(|column| column.name.as_str()).unwrap_or_default()
}

/// Counts the values of every column that stand in a batch's companion column instead of their own.
#[must_use]
pub fn exact_columns(batch: &RecordBatch) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let companion = batch.column_by_name(EXACT_COLUMN).and_then(|column| column.as_list_opt::<i32>());
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
    pub(super) fn find(&self, row: usize, column: &StagedColumn) -> Option<&'a [u8]> {
        self.0.as_ref().and_then(|lists| lists.find(row, column.name.as_str()))
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
