//! Exact comparison of decoded rows.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::ByteArrayType;
use arrow_array::{Array, GenericByteArray, RecordBatch};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, NullBuffer};
use arrow_cmp::make_comparator;
use arrow_schema::{ArrowError, DataType, SortOptions};
use rayon::prelude::*;

use crate::name::Sided;

/// Where two batches of equally many rows and the same columns differ.
#[derive(Debug)]
pub struct Differences {
    /// One bitmap a column: set where the two values differ. NULL equals NULL.
    columns: Vec<BooleanBuffer>,
}

impl Differences {
    /// Whether any column of the row differs.
    #[must_use]
    pub fn any(&self, row: usize) -> bool {
        self.columns.iter().any(|column| column.value(row))
    }

    /// Whether a column of the row differs.
    #[must_use]
    pub fn differs(&self, row: usize, column: usize) -> bool {
        self.columns[column].value(row)
    }

    /// Forgets the differences of columns that are not to be compared.
    pub fn keep(&mut self, is_compared: impl Fn(usize) -> bool) {
        for (_, bits) in self.columns.iter_mut().enumerate().filter(|(index, _)| !is_compared(*index)) {
            *bits = BooleanBuffer::new_unset(bits.len());
        }
    }

    /// The indexes of the columns that differ in a row.
    pub fn columns(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        self.columns.iter().enumerate().filter(move |(_, column)| column.value(row)).map(|(index, _)| index)
    }
}

/// Compares two batches column by column, bit by bit: `-0.0` is not `0.0`, and a NaN equals only the same NaN.
///
/// The last column of both is the companion `fb_exact`, which holds values that their own column cannot; it is compared value
/// by value and counted for the column that it stands in for. Columns are compared in parallel. Memory: one bit a value.
///
/// # Errors
/// If the columns' types differ, which a caller that decoded both by one layout cannot cause.
pub fn compare(old: &RecordBatch, new: &RecordBatch) -> Result<Differences, ArrowError> {
    let plain = old.num_columns().saturating_sub(1);
    let mut columns = (0..plain)
        .into_par_iter()
        .map(|index| differing(old.column(index), new.column(index)))
        .collect::<Result<Vec<_>, _>>()?;
    compare_companions(old, new, plain, &mut columns);
    Ok(Differences { columns })
}

/// Compares two columns, value by value. Fixed-width values are compared as the bits that they are.
fn differing(old: &dyn Array, new: &dyn Array) -> Result<BooleanBuffer, ArrowError> {
    let data_type = old.data_type();
    if data_type != new.data_type() || old.len() != new.len() {
        return Err(ArrowError::InvalidArgumentError("columns of different types or lengths".to_owned()));
    }
    let values = match (data_type, data_type.primitive_width()) {
        (DataType::Boolean, _) => old.as_boolean().values() ^ new.as_boolean().values(),
        (DataType::Utf8, _) => unlike_bytes(old.as_string::<i32>(), new.as_string()),
        (DataType::Binary, _) => unlike_bytes(old.as_binary::<i32>(), new.as_binary()),
        (DataType::FixedSizeBinary(_), _) => {
            let (old, new) = (old.as_fixed_size_binary(), new.as_fixed_size_binary());
            BooleanBuffer::collect_bool(old.len(), |row| old.value(row) != new.value(row))
        }
        (_, Some(2)) => unlike_bits::<u16>(old, new),
        (_, Some(4)) => unlike_bits::<u32>(old, new),
        (_, Some(8)) => unlike_bits::<u64>(old, new),
        (_, Some(16)) => unlike_bits::<i128>(old, new),
        // Lists and structs: the comparator looks at their elements with an order of all bit patterns; NULL and length count.
        _ => {
            let order = make_comparator(old, new, SortOptions::default())?;
            return Ok(BooleanBuffer::collect_bool(old.len(), |row| order(row, row).is_ne()));
        }
    };
    Ok(distinct(old.nulls(), new.nulls(), values))
}

fn unlike_bytes<T: ByteArrayType>(old: &GenericByteArray<T>, new: &GenericByteArray<T>) -> BooleanBuffer {
    let value = |array: &GenericByteArray<T>, row: usize| -> Range<usize> {
        array.value_offsets()[row].as_usize()..array.value_offsets()[row + 1].as_usize()
    };
    BooleanBuffer::collect_bool(old.len(), |row| old.value_data()[value(old, row)] != new.value_data()[value(new, row)])
}

/// Compares values of a fixed width, whatever they mean.
fn unlike_bits<T: ArrowNativeType>(old: &dyn Array, new: &dyn Array) -> BooleanBuffer {
    let data = Sided { old: old.to_data(), new: new.to_data() };
    let values = data.as_ref().map(|data| &data.buffers()[0].typed_data::<T>()[data.offset()..][..data.len()]);
    BooleanBuffer::collect_bool(old.len(), |row| values.old[row] != values.new[row])
}

/// What of the values counts: NULL equals NULL, whatever lies under it, and no value.
fn distinct(old: Option<&NullBuffer>, new: Option<&NullBuffer>, values: BooleanBuffer) -> BooleanBuffer {
    let Some(both) = NullBuffer::union(old, new) else { return values };
    let here =
        |nulls: Option<&NullBuffer>| nulls.map_or_else(|| BooleanBuffer::new_set(values.len()), |nulls| nulls.inner().clone());
    &(&here(old) ^ &here(new)) | &(both.inner() & &values)
}

fn compare_companions(old: &RecordBatch, new: &RecordBatch, companion: usize, columns: &mut [BooleanBuffer]) {
    let companions = Sided { old: old.column(companion).as_ref(), new: new.column(companion).as_ref() };
    if companions.into_iter().all(|column| column.null_count() == column.len()) {
        return;
    }
    let schema = old.schema();
    let mut changed: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for row in (0..old.num_rows()).filter(|row| companions.into_iter().any(|column| column.is_valid(*row))) {
        let exact = companions.map(|column| entries(column, row));
        for index in 0..columns.len() {
            let name = schema.field(index).name().as_str();
            if exact.old.get(name) != exact.new.get(name) {
                changed.entry(index).or_default().push(row);
            }
        }
    }
    for (index, rows) in changed {
        let mut bits: Vec<bool> = columns[index].iter().collect();
        for row in rows {
            bits[row] = true;
        }
        columns[index] = BooleanBuffer::from(bits);
    }
}

fn entries(companion: &dyn Array, row: usize) -> BTreeMap<String, Vec<u8>> {
    if companion.is_null(row) {
        return BTreeMap::new();
    }
    let list = companion.as_list::<i32>().value(row);
    let pairs = list.as_struct();
    let (names, values) = (pairs.column(0).as_string::<i32>(), pairs.column(1).as_binary::<i32>());
    (0..pairs.len()).map(|index| (names.value(index).to_owned(), values.value(index).to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, ListArray, StructArray, new_null_array};
    use arrow_buffer::{NullBuffer, OffsetBuffer};
    use arrow_schema::{DataType, Field, Fields};

    use super::*;

    fn companion(rows: usize) -> ArrayRef {
        let pair = Fields::from(vec![Field::new("column", DataType::Utf8, false), Field::new("wire", DataType::Binary, false)]);
        let item = Arc::new(Field::new("item", DataType::Struct(pair), true));
        let list: ListArray = new_null_array(&DataType::List(item), rows).as_list::<i32>().clone();
        Arc::new(list)
    }

    fn batch(ids: Vec<Option<i64>>, values: Vec<f64>) -> RecordBatch {
        let rows = ids.len();
        RecordBatch::try_from_iter_with_nullable([
            ("id", Arc::new(Int64Array::from(ids)) as ArrayRef, true),
            ("value", Arc::new(Float64Array::from(values)), true),
            ("fb_exact", companion(rows), true),
        ])
        .expect("columns are equally long")
    }

    #[test]
    fn values_are_compared_bit_by_bit() {
        let old = batch(vec![Some(1), None, None, Some(4)], vec![0.0, 1.0, f64::NAN, 4.0]);
        let new = batch(vec![Some(1), None, Some(3), Some(4)], vec![-0.0, 1.0, f64::NAN, 4.0]);
        let found = compare(&old, &new).expect("one layout");
        assert_eq!(found.columns(0).collect::<Vec<_>>(), [1], "minus zero is another value");
        assert!(!found.any(1), "NULL equals NULL");
        assert_eq!(found.columns(2).collect::<Vec<_>>(), [0]);
        assert!(!found.any(3));
    }

    fn found(old: ArrayRef, new: ArrayRef) -> Vec<bool> {
        let rows = old.len();
        let batch = |column| {
            RecordBatch::try_from_iter_with_nullable([("value", column, true), ("fb_exact", companion(rows), true)])
                .expect("columns are equally long")
        };
        let found = compare(&batch(old), &batch(new)).expect("one layout");
        (0..rows).map(|row| found.any(row)).collect()
    }

    type Floats<'a> = Option<&'a [Option<f64>]>;

    fn floats(lists: &[Floats<'_>]) -> ArrayRef {
        let values: Float64Array = lists.iter().flat_map(|list| list.unwrap_or_default().iter().copied()).collect();
        let lengths = lists.iter().map(|list| list.unwrap_or_default().len());
        let nulls: NullBuffer = lists.iter().map(Option::is_some).collect();
        let item = Arc::new(Field::new("item", DataType::Float64, true));
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths), Arc::new(values), Some(nulls)))
    }

    #[test]
    fn lists_are_compared_element_by_element_and_bit_by_bit() {
        let payload = f64::from_bits(f64::NAN.to_bits() | 1);
        let cases: [(Floats<'_>, Floats<'_>, bool); 11] = [
            (Some(&[Some(1.0), None]), Some(&[Some(1.0), None]), false),
            (Some(&[Some(0.0)]), Some(&[Some(-0.0)]), true),
            (Some(&[Some(f64::NAN)]), Some(&[Some(f64::NAN)]), false),
            (Some(&[Some(f64::NAN)]), Some(&[Some(payload)]), true),
            (Some(&[Some(f64::NAN)]), Some(&[Some(-f64::NAN)]), true),
            (Some(&[]), None, true),
            (None, None, false),
            (Some(&[None]), Some(&[]), true),
            (Some(&[None]), Some(&[Some(0.0)]), true),
            (Some(&[Some(1.0)]), Some(&[Some(1.0), Some(1.0)]), true),
            (Some(&[Some(1.0), Some(2.0)]), Some(&[Some(1.0), Some(3.0)]), true),
        ];
        let (old, new) = (floats(&cases.map(|case| case.0)), floats(&cases.map(|case| case.1)));
        let expected = cases.map(|case| case.2).to_vec();
        assert_eq!(found(Arc::clone(&old), Arc::clone(&new)), expected);
        // Slices begin in the middle of their elements.
        assert_eq!(found(old.slice(3, 5), new.slice(3, 5)), expected[3..8]);
    }

    #[test]
    fn structs_are_compared_field_by_field_and_what_lies_under_a_null_is_not() {
        let intervals = |months: [i32; 4], nulls: [bool; 4]| -> ArrayRef {
            let field = Field::new("months", DataType::Int32, false);
            let values: ArrayRef = Arc::new(Int32Array::from(months.to_vec()));
            Arc::new(StructArray::new(vec![field].into(), vec![values], Some(nulls.to_vec().into())))
        };
        let old = intervals([1, 2, 3, 4], [true, true, false, false]);
        let new = intervals([1, 3, 4, 4], [true, true, false, true]);
        assert_eq!(found(old, new), [false, true, false, true]);
    }
}
