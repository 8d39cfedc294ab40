//! The rows that a unique index or an exclusion constraint is about, and the test that two of them clash.

use crate::schema::Exclusive;

/// Returns a FROM item: the rows of a relation that the constraint is about, with what is compared as `e0`, `e1` … behind
/// `position`. `alias` is the table's own name, by which an expression may call the whole row.
pub(super) fn compared(exclusive: &Exclusive, position: &str, relation: &str, alias: &str) -> String {
    let values: Vec<_> =
        exclusive.parts.iter().enumerate().map(|(index, part)| format!(", ({}) as e{index}", part.expression)).collect();
    let filter = exclusive.predicate.as_ref().map_or_else(String::new, |predicate| format!(" where {predicate}"));
    format!("(select {position}{} from {relation} as {alias}{filter})", values.concat())
}

/// Returns the condition under which two compared rows clash; with `nulls`, NULL clashes with NULL.
pub(super) fn meets(exclusive: &Exclusive, left: &str, right: &str, nulls: bool) -> String {
    let tests: Vec<_> = exclusive
        .parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let equal = format!("{left}.e{index} {} {right}.e{index}", part.operator);
            if nulls { format!("({equal} or ({left}.e{index} is null and {right}.e{index} is null))") } else { equal }
        })
        .collect();
    tests.join(" and ")
}
