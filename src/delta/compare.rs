//! Exact comparison of decoded rows.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::distinct;
use arrow::error::ArrowError;
use rayon::prelude::*;

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
/// The last column of both is the companion `fb_exact`, which holds values that their own column cannot; it is compared value by
/// value and counted for the column that it stands in for. Columns are compared in parallel. Memory: one bit a value.
///
/// # Errors
/// If the columns' types differ, which a caller that decoded both by one layout cannot cause.
pub fn compare(old: &RecordBatch, new: &RecordBatch) -> Result<Differences, ArrowError> {
    let plain = old.num_columns().saturating_sub(1);
    let mut columns = (0..plain)
        .into_par_iter()
        .map(|index| distinct(old.column(index), new.column(index)).map(BooleanArray::into_parts).map(|(bits, _)| bits))
        .collect::<Result<Vec<_>, _>>()?;
    compare_companions(old, new, plain, &mut columns);
    Ok(Differences { columns })
}

fn compare_companions(old: &RecordBatch, new: &RecordBatch, companion: usize, columns: &mut [BooleanBuffer]) {
    let (ours, theirs) = (old.column(companion), new.column(companion));
    if ours.null_count() == ours.len() && theirs.null_count() == theirs.len() {
        return;
    }
    let schema = old.schema();
    for row in (0..old.num_rows()).filter(|row| ours.is_valid(*row) || theirs.is_valid(*row)) {
        let (ours, theirs) = (entries(ours.as_ref(), row), entries(theirs.as_ref(), row));
        for (index, bits) in columns.iter_mut().enumerate() {
            let name = schema.field(index).name().as_str();
            if ours.get(name) != theirs.get(name) {
                let mut changed: Vec<bool> = bits.iter().collect();
                changed[row] = true;
                *bits = BooleanBuffer::from(changed);
            }
        }
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

    use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, new_null_array};
    use arrow::datatypes::{DataType, Field, Fields};

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
}
