//! Rows of raw fields in one arena.

use std::ops::Range;

use super::fields::{Fields, Span};

/// Rows of raw wire fields, appended by [`super::CopyDecoder`] and emptied by its user.
///
/// Memory: the rows' bytes as they came plus 8 bytes for each field; `clear` keeps the space, so that a buffer that is used
/// again and again allocates only while it grows. At most 4 GiB of rows.
#[derive(Debug)]
pub struct RowBuffer {
    columns: usize,
    rows: usize,
    /// Whole tuples behind each other, without their field counts: lengths and values as they came.
    bytes: Vec<u8>,
    /// One span for each field, row after row.
    spans: Vec<Span>,
}

impl RowBuffer {
    /// Makes an empty buffer for rows of that many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { columns, rows: 0, bytes: Vec::new(), spans: Vec::new() }
    }

    /// Returns the number of columns.
    #[must_use]
    pub fn column_count(&self) -> usize {
        self.columns
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Returns how many bytes the rows take, lengths included.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets the rows and keeps the space.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.bytes.clear();
        self.spans.clear();
    }

    /// Returns a field's bytes; none for NULL, and for a row or column that is not there.
    #[must_use]
    pub fn field(&self, row: usize, column: usize) -> Option<&[u8]> {
        if column >= self.columns {
            return None;
        }
        let span = self.spans.get(row.checked_mul(self.columns)?.checked_add(column)?)?;
        span.within(&self.bytes)
    }

    /// Returns one column's fields, row after row. Empty if there is no such column.
    #[must_use]
    pub fn column(&self, column: usize) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        self.fields(column).values()
    }

    /// Returns the lengths of one column's fields, row after row; -1 for NULL.
    #[must_use]
    pub fn column_lengths(&self, column: usize) -> impl ExactSizeIterator<Item = i32> {
        self.fields(column).lengths()
    }

    /// Returns one column of the rows. Empty if there is no such column.
    pub(crate) fn fields(&self, column: usize) -> Fields<'_> {
        let spans = if column < self.columns { self.spans.get(column..).unwrap_or_default() } else { &[] };
        Fields::new(&self.bytes, spans, self.columns)
    }

    /// Returns a whole row as it came, without the field count: each field's length and bytes. Empty if there is no such row.
    #[must_use]
    pub fn row_bytes(&self, row: usize) -> &[u8] {
        self.row_range(row).and_then(|range| self.bytes.get(range)).unwrap_or_default()
    }

    /// Returns a row as it came from one column to its end: each field's length and bytes. Empty if there is no such field.
    #[must_use]
    pub fn row_bytes_from(&self, row: usize, column: usize) -> &[u8] {
        let start = self.field_start(row, column);
        let end = self.row_range(row).map(|range| range.end);
        start.zip(end).and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or_default()
    }

    /// Appends some columns of a row of another buffer. The buffer must have as many columns as the range names; a row that is
    /// not there, or does not fit, is not appended, and the answer is false.
    pub fn push(&mut self, from: &Self, row: usize, columns: Range<usize>) -> bool {
        let fits = columns.len() == self.columns && columns.end <= from.columns && row < from.rows;
        let (Some(base), Some(start), true) = (self.next_offset(), from.field_start(row, columns.start), fits) else {
            return false;
        };
        let end = from.field_start(row, columns.end).or_else(|| from.row_range(row).map(|range| range.end));
        let (Some(tuple), Ok(start)) = (end.and_then(|end| from.bytes.get(start..end)), u32::try_from(start)) else {
            return false;
        };
        for column in columns {
            let Some(span) = from.spans.get(row * from.columns + column) else { return false };
            self.spans.push(Span { offset: span.offset - start + base, length: span.length });
        }
        self.push_tuple(tuple);
        true
    }

    fn field_start(&self, row: usize, column: usize) -> Option<usize> {
        if column >= self.columns || row >= self.rows {
            return None;
        }
        let span = self.spans.get(row.checked_mul(self.columns)?.checked_add(column)?)?;
        usize::try_from(span.offset).ok()?.checked_sub(size_of::<i32>())
    }

    fn row_range(&self, row: usize) -> Option<Range<usize>> {
        if self.columns == 0 || row >= self.rows {
            return None;
        }
        let end = if row + 1 == self.rows { self.bytes.len() } else { self.row_start(row + 1)? };
        Some(self.row_start(row)?..end)
    }

    fn row_start(&self, row: usize) -> Option<usize> {
        let first = self.spans.get(row.checked_mul(self.columns)?)?;
        usize::try_from(first.offset).ok()?.checked_sub(size_of::<i32>())
    }

    /// Returns where the next row will start, if the arena can be addressed there.
    pub(super) fn next_offset(&self) -> Option<u32> {
        u32::try_from(self.bytes.len()).ok()
    }

    pub(super) fn spans_mut(&mut self) -> &mut Vec<Span> {
        &mut self.spans
    }

    /// Completes a row whose spans were just pushed.
    pub(super) fn push_tuple(&mut self, tuple: &[u8]) {
        self.bytes.extend_from_slice(tuple);
        self.rows += 1;
    }

    /// Takes back the spans of a row that turned out to be incomplete.
    pub(super) fn drop_tuple(&mut self) {
        self.spans.truncate(self.rows * self.columns);
    }
}
