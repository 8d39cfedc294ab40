//! Record batches back into wire fields, and into text for people and keys.

use arrow_array::{ArrayRef, RecordBatch};

use super::bytes;
use super::display::shown;
use super::error::{CodecError, CodecProblem};
use super::exact::ExactValues;
use super::layout::{RowLayout, StagedColumn};
use super::values::Column;

/// The longest value that a server takes.
const MAX_VALUE: usize = 1 << 30;

/// Turns record batches of one layout back into what binary COPY carries.
#[derive(Clone, Debug)]
pub struct BatchEncoder {
    columns: Vec<StagedColumn>,
}

impl BatchEncoder {
    /// Makes an encoder for batches of that layout.
    #[must_use]
    pub fn new(layout: &RowLayout) -> Self {
        Self { columns: layout.columns.clone() }
    }

    /// Opens a batch. Whoever reads many single values of one batch does it once and reads from the view.
    ///
    /// # Errors
    /// If the batch's columns are not the layout's with `fb_exact` behind them.
    pub fn view<'a>(&'a self, batch: &'a RecordBatch) -> Result<BatchView<'a>, CodecError> {
        BatchView::open(&self.columns, batch)
    }

    /// Appends all rows as tuples of binary COPY, field counts included; no header and no trailer.
    ///
    /// # Errors
    /// If the batch is not of the layout, or a value is none of its type. Nothing has been appended then.
    pub fn encode(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let view = self.view(batch)?;
        let start = out.len();
        for row in 0..batch.num_rows() {
            view.row(row, out).inspect_err(|_| out.truncate(start))?;
        }
        Ok(())
    }

    /// As [`BatchView::row`].
    ///
    /// # Errors
    /// As there.
    pub fn row(&self, batch: &RecordBatch, row: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.view(batch)?.row(row, out)
    }

    /// As [`BatchView::field`].
    ///
    /// # Errors
    /// As there.
    pub fn field(&self, batch: &RecordBatch, row: usize, column: usize, out: &mut Vec<u8>) -> Result<bool, CodecError> {
        self.view(batch)?.field(row, column, out)
    }

    /// As [`BatchView::display`].
    ///
    /// # Errors
    /// As there.
    pub fn display(&self, batch: &RecordBatch, row: usize, column: usize) -> Result<Option<String>, CodecError> {
        self.view(batch)?.display(row, column)
    }
}

/// One value as it is shown to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// NULL.
    Null,
    /// As the server prints it.
    Text(String),
    /// Bytes that this program has no text for, as `\x` and hexadecimal digits: nothing is guessed.
    Wire(String),
}

/// A record batch whose columns have been opened for reading.
pub struct BatchView<'a> {
    columns: &'a [StagedColumn],
    values: Vec<Column<'a>>,
    exact: ExactValues<'a>,
    rows: usize,
}

impl<'a> BatchView<'a> {
    fn open(columns: &'a [StagedColumn], batch: &'a RecordBatch) -> Result<Self, CodecError> {
        if batch.num_columns() != columns.len() + 1 {
            return Err(CodecError::batch(CodecProblem::Layout));
        }
        let open = |(column, array): (&StagedColumn, &'a ArrayRef)| {
            Column::open(column.lane, array).ok_or_else(|| CodecError::column(&column.name, CodecProblem::Layout))
        };
        let values = columns.iter().zip(batch.columns()).map(open).collect::<Result<_, _>>()?;
        let exact = ExactValues::open(batch, columns.len()).ok_or(CodecError::batch(CodecProblem::Companion))?;
        Ok(Self { columns, values, exact, rows: batch.num_rows() })
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Returns the number of columns, without `fb_exact`.
    #[must_use]
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// Appends one row as a tuple of binary COPY, field count included.
    ///
    /// # Errors
    /// If there is no such row, or a value is none of its type. Part of the row may have been appended then.
    pub fn row(&self, row: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let count = i16::try_from(self.columns.len()).map_err(|_| CodecError::batch(CodecProblem::Layout))?;
        out.extend_from_slice(&count.to_be_bytes());
        for column in 0..self.columns.len() {
            let at = out.len();
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            if self.field(row, column, out)? {
                let length = i32::try_from(out.len() - at - 4).unwrap_or(i32::MAX);
                if let Some(slot) = out.get_mut(at..at + 4) {
                    slot.copy_from_slice(&length.to_be_bytes());
                }
            }
        }
        Ok(())
    }

    /// Appends the wire bytes of one value, without a length. Returns false, and appends nothing, for NULL.
    ///
    /// # Errors
    /// If there is no such row or column, or the value is none of its type, or longer than 1 GiB.
    #[inline]
    pub fn field(&self, row: usize, column: usize, out: &mut Vec<u8>) -> Result<bool, CodecError> {
        let (Some(values), Some(staged)) = (self.values.get(column), self.columns.get(column)) else {
            return Err(CodecError::batch(CodecProblem::OutOfRange));
        };
        let fails = |problem| CodecError::cell(&staged.name, row, problem);
        if row >= self.rows {
            return Err(fails(CodecProblem::OutOfRange));
        }
        if values.is_null(row) {
            let exact = self.exact.find(row, staged.name.as_str());
            exact.inspect(|wire| out.extend_from_slice(wire));
            return Ok(exact.is_some());
        }
        let start = out.len();
        let written = values.write(row, out);
        if written && out.len() - start <= MAX_VALUE {
            return Ok(true);
        }
        out.truncate(start);
        Err(fails(if written { CodecProblem::TooLarge } else { CodecProblem::Unencodable }))
    }

    /// Returns one value as text: what people read, and what the type's input function reads back to the identical value (NaN
    /// payloads of floats apart). None is NULL.
    ///
    /// # Errors
    /// As [`Self::field`], and for values that have no text: a jsonb version that this program does not know.
    pub fn display(&self, row: usize, column: usize) -> Result<Option<String>, CodecError> {
        let mut wire = Vec::new();
        if !self.field(row, column, &mut wire)? {
            return Ok(None);
        }
        let staged = self.columns.get(column).ok_or(CodecError::batch(CodecProblem::OutOfRange))?;
        let malformed = || CodecError::cell(&staged.name, row, CodecProblem::Malformed);
        shown(staged.lane, &wire).map(Some).ok_or_else(malformed)
    }

    /// Returns one value for a person to look at: its text as [`Self::display`] has it, and where it has none, its bytes.
    ///
    /// # Errors
    /// As [`Self::field`].
    pub fn shown(&self, row: usize, column: usize) -> Result<Shown, CodecError> {
        let mut wire = Vec::new();
        if !self.field(row, column, &mut wire)? {
            return Ok(Shown::Null);
        }
        let staged = self.columns.get(column).ok_or(CodecError::batch(CodecProblem::OutOfRange))?;
        Ok(shown(staged.lane, &wire).map_or_else(|| Shown::Wire(bytes::text(&wire)), Shown::Text))
    }
}
