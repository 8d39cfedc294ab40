//! An empty copy of a table of OLD, in which rows are tried.

use crate::name::{Ident, QualifiedName};
use crate::schema::{Table, WorkedOutIndex};

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

/// Gives the copy the checks that single partitions have, each with its condition: returns what the copy calls each of them,
/// and the statement. A name that another check has (`taken`, or one before it) gives way to a short one, of which the server
/// cuts nothing off.
#[must_use]
pub fn checks<'a>(taken: impl IntoIterator<Item = &'a Ident>, of_partitions: &[(Ident, String)]) -> Vec<(Ident, String)> {
    let mut taken: Vec<_> = taken.into_iter().cloned().collect();
    let mut made = Vec::new();
    for (number, (own, condition)) in of_partitions.iter().enumerate() {
        let others = taken.iter().chain(of_partitions.iter().map(|(name, _)| name));
        let is_free = !taken.contains(own);
        let name = if is_free { own.clone() } else { Ident::beside(&format!("fb_check_{number}"), others) };
        let statement = format!("alter table pg_temp.fb_trial add constraint {} check ({condition})", name.sql());
        taken.push(name.clone());
        made.push((name, statement));
    }
    made
}

/// Gives the copy an index that works out of a row what one of the table's does, and keeps nothing unique: rows that are tried
/// together do not stand beside each other in the end.
#[must_use]
pub fn index(like: &WorkedOutIndex) -> String {
    let filter = like.predicate.as_ref().map_or_else(String::new, |predicate| format!(" where {predicate}"));
    format!("create index on pg_temp.fb_trial using {}{filter}", like.entries)
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
    fn checks_of_one_name_have_each_a_name_of_its_own() {
        let long = "x".repeat(63);
        let checks = |names: &[&str]| {
            let own: Vec<_> = names.iter().map(|name| (Ident::new(*name), "true".to_owned())).collect();
            let made = super::checks([&Ident::new("fb_bound")], &own).into_iter().map(|(name, _)| name.as_str().to_owned());
            made.collect::<Vec<_>>()
        };
        assert_eq!(checks(&["small", "small", "small"]), ["small", "fb_check_1", "fb_check_2"]);
        assert_eq!(checks(&[&long, &long, "fb_check_1", "fb_bound"]), [&long, "fb_check_1_", "fb_check_1", "fb_check_3"]);
    }

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
