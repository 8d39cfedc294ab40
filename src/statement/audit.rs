//! Statements that measure how far time columns can be trusted.

use super::RowSource;
use super::read::sent;

/// Counts the rows of a table for which a condition is true (`written`), and those among them for which another one is
/// (`unseen`).
#[must_use]
pub fn written_and_unseen(source: RowSource<'_>, written: &str, unseen: &str) -> String {
    format!(
        "select count(*) filter (where {written}), count(*) filter (where {written} and {unseen}) from {}",
        source.from_item()
    )
}

/// Reads the keys of so many rows at most, picked at random from those for which a condition is true; as they are sent to the
/// other side.
#[must_use]
pub fn random_keys(source: RowSource<'_>, condition: &str, most: u32) -> String {
    let sent: Vec<_> = source.key.columns().iter().map(|column| sent(column, source.side)).collect();
    format!(
        "select {} from {} where {condition} order by pg_catalog.random() limit {most}",
        sent.join(", "),
        source.from_item()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Ident, QualifiedName, Side};
    use crate::schema::{ComparisonKey, KeyColumn, KeyOrder};

    #[test]
    fn rows_are_counted_in_one_scan_and_picked_at_random() {
        let table = QualifiedName::new("public", "t");
        let key = ComparisonKey::Columns { columns: vec![KeyColumn::plain(Ident::new("id"), KeyOrder::Integer, "bigint")] };
        let source = RowSource { table: &table, partitioned: false, key: &key, side: Side::New };
        assert_eq!(
            written_and_unseen(source, "(a)", "(b)"),
            "select count(*) filter (where (a)), count(*) filter (where (a) and (b)) from only \"public\".\"t\" t"
        );
        assert_eq!(
            random_keys(source, "(b)", 9),
            "select t.\"id\"::pg_catalog.int8 from only \"public\".\"t\" t where (b) order by pg_catalog.random() limit 9"
        );
    }
}
