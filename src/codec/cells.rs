//! One column's wire values on their way into an Arrow array. The type switch lies outside: each function here is one loop over
//! the rows, compiled for its type.

use arrow_array::{ArrowPrimitiveType, PrimitiveArray, StringArray};
use arrow_buffer::NullBufferBuilder;
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer};

use super::decoded::Decoded;
use super::error::{CodecProblem, Fault};
use super::exact_builder::ExactBuilder;
use crate::wire::Fields;

/// One column of a row buffer, or the elements of its arrays, and where the values go that their Arrow type does not hold.
pub(super) struct Cells<'a> {
    fields: Fields<'a>,
    column: usize,
    exact: &'a mut ExactBuilder,
}

/// The parts of an array of values of varying length.
pub(super) struct Variable {
    pub(super) offsets: OffsetBuffer<i32>,
    pub(super) values: Buffer,
    pub(super) nulls: Option<NullBuffer>,
}

impl<'a> Cells<'a> {
    /// `column` is the column's position in its layout, under which `exact` takes values.
    pub(super) fn new(fields: Fields<'a>, column: usize, exact: &'a mut ExactBuilder) -> Self {
        Self { fields, column, exact }
    }

    pub(super) fn fields(&self) -> Fields<'a> {
        self.fields
    }

    pub(super) fn row_count(&self) -> usize {
        self.fields.count()
    }

    pub(super) fn wires(&self) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        self.fields.values()
    }

    /// Puts a value into the companion column.
    pub(super) fn push_exact(&mut self, row: usize, wire: &[u8]) {
        self.exact.push(row, self.column, wire);
    }

    /// Hands each value to `put`, or none where the array is NULL, and returns where those are.
    pub(super) fn each<T>(
        &mut self,
        read: impl Fn(&'a [u8]) -> Decoded<T>,
        mut put: impl FnMut(Option<T>),
    ) -> Result<Option<NullBuffer>, Fault> {
        let mut nulls = NullBufferBuilder::new(self.row_count());
        for (row, wire) in self.wires().enumerate() {
            let value = match wire {
                None => None,
                Some(wire) => match read(wire) {
                    Decoded::Exact(value) => Some(value),
                    Decoded::Companion => {
                        self.exact.push(row, self.column, wire);
                        None
                    }
                    Decoded::Malformed => return Err(Fault::at(row, CodecProblem::Malformed)),
                },
            };
            nulls.append(value.is_some());
            put(value);
        }
        Ok(nulls.finish())
    }

    /// Reads a column of numbers.
    pub(super) fn primitive<T: ArrowPrimitiveType>(
        &mut self,
        read: impl Fn(&[u8]) -> Decoded<T::Native>,
    ) -> Result<PrimitiveArray<T>, Fault> {
        let mut values = Vec::with_capacity(self.row_count());
        let nulls = self.each(read, |value| values.push(value.unwrap_or_default()))?;
        PrimitiveArray::try_new(values.into(), nulls).map_err(|_| Fault::whole(CodecProblem::Layout))
    }

    /// Reads a column of values of varying length; `read` says which part of the wire value is kept.
    pub(super) fn variable(&mut self, read: impl Fn(&'a [u8]) -> Decoded<&'a [u8]>) -> Result<Variable, Fault> {
        let bytes: u64 = self.fields.lengths().map(|length| u64::try_from(length).unwrap_or(0)).sum();
        let capacity = i32::try_from(bytes).ok().and_then(|bytes| usize::try_from(bytes).ok());
        let mut values = Vec::with_capacity(capacity.ok_or(Fault::whole(CodecProblem::TooLarge))?);
        let mut offsets = Vec::with_capacity(self.row_count() + 1);
        offsets.push(0_i32);
        let nulls = self.each(read, |value| {
            values.extend_from_slice(value.unwrap_or_default());
            // The sum above fits, so every part of it does.
            offsets.push(i32::try_from(values.len()).unwrap_or(i32::MAX));
        })?;
        Ok(Variable { offsets: OffsetBuffer::new(offsets.into()), values: values.into(), nulls })
    }

    /// Reads a column of values that become text; `write` appends a value's text, and nothing unless it answers that it is
    /// exact.
    pub(super) fn formatted(&mut self, write: impl Fn(&[u8], &mut Vec<u8>) -> Decoded<()>) -> Result<StringArray, Fault> {
        let mut values = Vec::new();
        let mut offsets = Vec::with_capacity(self.row_count() + 1);
        let mut nulls = NullBufferBuilder::new(self.row_count());
        offsets.push(0_i32);
        for (row, wire) in self.wires().enumerate() {
            let exact = match wire.map(|wire| (wire, write(wire, &mut values))) {
                Some((_, Decoded::Exact(()))) => true,
                Some((wire, Decoded::Companion)) => {
                    self.exact.push(row, self.column, wire);
                    false
                }
                Some((_, Decoded::Malformed)) => return Err(Fault::at(row, CodecProblem::Malformed)),
                None => false,
            };
            nulls.append(exact);
            offsets.push(i32::try_from(values.len()).map_err(|_| Fault::whole(CodecProblem::TooLarge))?);
        }
        let (offsets, values) = (OffsetBuffer::new(offsets.into()), values.into());
        StringArray::try_new(offsets, values, nulls.finish()).map_err(|_| Fault::whole(CodecProblem::InvalidUtf8))
    }
}
