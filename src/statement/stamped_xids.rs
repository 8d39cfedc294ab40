//! When transactions wrote, as the stamps of rows say it.

use crate::name::{Ident, QualifiedName};

/// Reads a leaf once: each transaction that wrote rows that are there, by the lowest 32 bits of its id; the latest stamp of
/// these rows, in microseconds since 1970-01-01 UTC; and, the same in each row, the id that no transaction had reached whose
/// rows the statement sees. `stamps` are columns of type `timestamptz`; `percent` says how much of the leaf's blocks is read,
/// where it is not all of them.
#[must_use]
pub fn stamped_xids(leaf: &QualifiedName, stamps: &[Ident], percent: Option<f64>) -> String {
    let columns: Vec<_> = stamps.iter().map(|name| format!("t.{}", name.sql())).collect();
    let part = percent.map_or_else(String::new, |percent| format!(" tablesample pg_catalog.system ({percent})"));
    format!(
        "select x.xid::pg_catalog.text::pg_catalog.int8, (pg_catalog.date_part('epoch', x.at) * 1000000)::pg_catalog.int8, \
         pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 \
         from (select t.xmin as xid, pg_catalog.max(least(greatest({}), '9999-12-31Z'::pg_catalog.timestamptz)) as at \
         from only {} t{part} group by t.xmin) x where x.at > '-infinity'::pg_catalog.timestamptz",
        columns.join(", "),
        leaf.sql()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_read_in_whole_or_in_part() {
        let (leaf, stamps) = (QualifiedName::new("public", "t"), [Ident::new("created_at"), Ident::new("At")]);
        let whole = stamped_xids(&leaf, &stamps, None);
        assert!(
            whole.contains("greatest(t.\"created_at\", t.\"At\")") && whole.contains("from only \"public\".\"t\" t group by")
        );
        let part = stamped_xids(&leaf, &stamps, Some(12.5));
        assert!(part.contains("from only \"public\".\"t\" t tablesample pg_catalog.system (12.5) group by t.xmin"), "{part}");
    }
}
