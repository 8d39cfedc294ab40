//! An empty copy of a table of OLD, in which rows are tried.

use crate::name::{Ident, QualifiedName};
use crate::schema::Table;

/// The name of the constraint that stands for the bounds of OLD's partitions: none of the table's own checks has it.
#[must_use]
pub fn bound(table: &Table) -> Ident {
    Ident::beside("fb_bound", table.checks.iter().map(|check| &check.name))
}

/// The copy's name.
#[must_use]
pub fn name() -> QualifiedName {
    QualifiedName::new("pg_temp", "fb_trial")
}

/// Creates the copy: columns, types, NOT NULL, checks and generated columns of the table, and for a partitioned table a check
/// that one of its leaves takes the row, under the name `bound`. `optional` columns may stay NULL in it. `bounds` holds one
/// condition a leaf; `None` is a leaf that takes every row.
#[must_use]
pub fn create(table: &QualifiedName, bound: &Ident, optional: &[&Ident], bounds: &[Option<String>]) -> String {
    let mut statements = vec![format!(
        "create temporary table fb_trial (like {} including constraints including generated) on commit drop",
        table.sql()
    )];
    statements.extend(
        optional.iter().map(|column| format!("alter table pg_temp.fb_trial alter column {} drop not null", column.sql())),
    );
    if !bounds.is_empty() && bounds.iter().all(Option::is_some) {
        let any: Vec<_> = bounds.iter().flatten().map(|bound| format!("({bound})")).collect();
        statements.push(format!("alter table pg_temp.fb_trial add constraint {} check ({})", bound.sql(), any.join(" or ")));
    }
    statements.join("; ")
}

/// Gives the copy a check that one partition has; `taken` are the names that others have already.
#[must_use]
pub fn check(name: &Ident, condition: &str, taken: &[&Ident]) -> String {
    let mut name = name.clone();
    while taken.contains(&&name) {
        name = Ident::new(format!("other {}", name.as_str()));
    }
    format!("alter table pg_temp.fb_trial add constraint {} check ({condition})", name.sql())
}

/// Takes a check of the table's away from the copy.
#[must_use]
pub fn without(check: &Ident) -> String {
    format!("alter table pg_temp.fb_trial drop constraint {}", check.sql())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_that_takes_every_row_makes_the_bounds_superfluous() {
        let table = QualifiedName::new("public", "logs");
        let bounds = [Some("day < 5".to_owned()), Some("day >= 5".to_owned())];
        let bound = Ident::new("fb_bound");
        let create = |optional: &[&Ident], bounds: &[Option<String>]| create(&table, &bound, optional, bounds);
        assert!(create(&[], &bounds).ends_with("check ((day < 5) or (day >= 5))"));
        assert!(!create(&[], &[None]).contains("check"));
        assert!(!create(&[], &[bounds[0].clone(), None]).contains("check"));
        let note = Ident::new("note");
        assert!(create(&[&note], &[]).ends_with("alter column \"note\" drop not null"));
    }
}
