//! Which of a segment's columns are read.

use arrow_schema::SchemaRef;

/// Returns where columns stand, by name, all that bear it.
///
/// # Errors
/// That there is no such column.
pub(super) fn roots(schema: &SchemaRef, columns: &[&str]) -> Result<Vec<usize>, String> {
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let missing = columns.iter().find(|column| !names.contains(column));
    let found = (0..names.len()).filter(|at| columns.contains(&names[*at])).collect();
    missing.map_or(Ok(found), |missing| Err(format!("the file has no column {missing:?}")))
}

/// Returns those of some columns that there are.
pub(super) fn known<'a>(schema: &SchemaRef, columns: &[&'a str]) -> Vec<&'a str> {
    columns.iter().copied().filter(|column| schema.column_with_name(column).is_some()).collect()
}
