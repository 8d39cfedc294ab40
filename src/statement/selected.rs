//! How many rows a condition selects.

use super::RowSource;

/// Counts the rows of a table for which a condition on a row `t` is true; an index may serve it.
#[must_use]
pub fn count_selected(source: RowSource<'_>, condition: &str) -> String {
    format!("select count(*) from {} where {condition}", source.from_item())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Ident, QualifiedName, Side};
    use crate::schema::{ComparisonKey, KeyColumn, KeyOrder};

    #[test]
    fn rows_are_counted_by_a_condition_alone() {
        let table = QualifiedName::new("public", "t");
        let key = ComparisonKey::Columns { columns: vec![KeyColumn::plain(Ident::new("id"), KeyOrder::Integer, "bigint")] };
        let source = RowSource { table: &table, partitioned: false, key: &key, side: Side::New };
        assert_eq!(count_selected(source, "(a) or (b)"), "select count(*) from only \"public\".\"t\" t where (a) or (b)");
    }
}
