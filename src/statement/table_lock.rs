//! Locks on whole tables.

use crate::name::QualifiedName;
use crate::words::words;

/// What a lock on a table keeps out, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LockMode {
    /// Changes of the definition: neither columns, constraints and triggers of the table change, nor is a foreign key made from
    /// or to it. Writers are not kept out.
    RowExclusive,
    /// Writers too, readers aside: what is checked once must still hold when we commit.
    ShareRowExclusive,
    /// Everybody.
    AccessExclusive,
}

words!(LockMode {
    RowExclusive => "row exclusive",
    ShareRowExclusive => "share row exclusive",
    AccessExclusive => "access exclusive",
});

/// Locks tables, by their names' order; they stay locked until the transaction ends. `None` for no tables.
#[must_use]
pub fn lock_tables(tables: &[&QualifiedName], mode: LockMode) -> Option<String> {
    Some(format!("lock table {} in {mode} mode", in_order(tables)?.join(", ")))
}

/// Keeps tables, by their names' order, from being dropped, emptied or rewritten until the transaction ends, which whoever may
/// read any column of them may ask for: LOCK TABLE wants more. `None` for no tables.
#[must_use]
pub fn hold_tables(tables: &[&QualifiedName]) -> Option<String> {
    let looks: Vec<_> = in_order(tables)?.iter().map(|table| format!("(select true from {table} limit 0)")).collect();
    Some(format!("select {}", looks.join(", ")))
}

fn in_order(tables: &[&QualifiedName]) -> Option<Vec<String>> {
    let mut names: Vec<_> = tables.iter().map(|table| table.sql()).collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_locked_in_one_order() {
        let (a, b) = (QualifiedName::new("public", "a"), QualifiedName::new("public", "b"));
        let locked = lock_tables(&[&b, &a, &b], LockMode::RowExclusive);
        assert_eq!(locked.as_deref(), Some(r#"lock table "public"."a", "public"."b" in row exclusive mode"#));
        let held = hold_tables(&[&b, &a]);
        let expected = r#"select (select true from "public"."a" limit 0), (select true from "public"."b" limit 0)"#;
        assert_eq!(held.as_deref(), Some(expected));
        assert_eq!((lock_tables(&[], LockMode::AccessExclusive), hold_tables(&[])), (None, None));
    }
}
