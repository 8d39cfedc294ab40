//! The columns by which a row of a diff, or of a plan, says which row it is: its database, its table, and its key.

use std::collections::BTreeSet;

use super::TableRecord;
use crate::name::Ident;

/// The database that the row is in, and its table as `schema.name`.
pub const ROW_PLACE: [&str; 2] = ["fb_database", "fb_table"];

/// What else a column of a diff, of a plan or of a view of both may be called; `filename` and `file_row_number` are columns
/// that DuckDB adds.
const OTHERS: [&str; 17] = [
    "fb_class",
    "fb_conflict",
    "fb_evidence_old",
    "fb_evidence_new",
    "fb_base",
    "fb_changed",
    "fb_written_old",
    "fb_written_new",
    "fb_action",
    "fb_why",
    "fb_by_name",
    "filename",
    "file_row_number",
    "base",
    "old",
    "new",
    "result",
];

/// A column of a table's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// What it is called in the files: OLD's name, with underscores behind it where something else is called so. Names that are
    /// alike but for their case are one, as for DuckDB.
    pub name: Ident,
    /// Which of the staged columns it is.
    pub column: usize,
}

/// Lists the columns of a table's key; a table without one has none.
#[must_use]
pub fn row_keys(table: &TableRecord) -> Vec<RowKey> {
    let place = |name: &Ident| table.layout.columns.iter().position(|column| column.name == *name);
    let key = table.key.names();
    named(key.iter().filter_map(|name| Some((name.as_str(), place(name)?))))
}

fn named<'a>(columns: impl Iterator<Item = (&'a str, usize)>) -> Vec<RowKey> {
    let mut taken: BTreeSet<String> = ROW_PLACE.iter().chain(&OTHERS).map(|name| (*name).to_owned()).collect();
    columns
        .map(|(wanted, column)| {
            let mut name = wanted.to_owned();
            while !taken.insert(name.to_lowercase()) {
                name.push('_');
            }
            RowKey { name: Ident::new(&name), column }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_as_duckdb_reads_them() {
        let wanted = ["id", "ID", "old", "fb_class", "Filename", "price"].into_iter().zip(0..);
        let names: Vec<_> = named(wanted).into_iter().map(|key| key.name.as_str().to_owned()).collect();
        assert_eq!(names, ["id", "ID_", "old_", "fb_class_", "Filename_", "price"]);
    }
}
