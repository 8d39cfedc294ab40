//! Builds the companion column of one batch while its other columns are decoded.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};

use super::error::{CodecError, CodecProblem};
use super::exact::{entry_field, entry_fields};
use super::layout::StagedColumn;

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
